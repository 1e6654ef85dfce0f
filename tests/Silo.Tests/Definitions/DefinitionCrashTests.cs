using System.Globalization;
using System.Net;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>What was acknowledged is there after kill -9.</summary>
public sealed class DefinitionCrashTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_acknowledged_change_survives_a_kill_right_after_it()
    {
        File.WriteAllText(_folder.File("quota.yaml"), "namespaces:\n  shop:\n    plans: { p: { limits: [{ name: hour, rate: { amount: 5, period: 1h } }] } }\n");
        const int Rounds = 3;
        for (int round = 0; round < Rounds; round++)
        {
            using SiloProcess silo = await SiloProcess.StartAsync(_folder.File("quota.yaml"), _folder.File("data"));
            using var admin = new AdminSilo(silo.Http);
            for (int i = 0; i < 20; i++)
            {
                await admin.DoAsync("POST", "/v1/namespaces/shop/keys", $$"""{"name":"k{{round}}-{{i}}","plan":"p"}""");
            }
            await admin.DoAsync("DELETE", $"/v1/namespaces/shop/keys/k{round}-0");
            silo.Process.Kill();
        }
        using SiloProcess last = await SiloProcess.StartAsync(_folder.File("quota.yaml"), _folder.File("data"));
        using var after = new AdminSilo(last.Http);
        using var checks = new JsonSilo(last.Http);
        for (int round = 0; round < Rounds; round++)
        {
            Assert.Equal(HttpStatusCode.NotFound, (await after.SendAsync("GET", $"/v1/namespaces/shop/keys/k{round}-0")).Status);
            for (int i = 1; i < 20; i++)
            {
                Assert.Equal(5, await checks.RemainingAsync("shop", string.Create(CultureInfo.InvariantCulture, $"k{round}-{i}"), "hour"));
            }
        }
        // One entry for each change, and none for what was never acknowledged.
        Assert.Equal(2 + (Rounds * 21), (await after.DoAsync("GET", "/v1/audit?page_size=1000")).GetProperty("entries").GetArrayLength());
    }
}
