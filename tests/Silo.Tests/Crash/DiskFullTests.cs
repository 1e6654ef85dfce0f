using System.Net;
using System.Text.Json;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Crash;

/// <summary>A silo whose disk is really full, and then is not.</summary>
public sealed class DiskFullTests
{
    private const long Amount = 1_000_000_000;

    [TmpfsFact]
    public async Task A_full_disk_stops_acknowledging_loudly_and_ends_when_there_is_room()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("disk"));
        using var disk = new TmpfsMount(folder.File("disk"), megabytes: 16);
        await File.WriteAllTextAsync(folder.File("quota.yaml"), $$"""
            server:
              journal: { segment_bytes: 1MiB, bytes_max: 64MiB }
              checkpoint_interval: 1h
            namespaces:
              full:
                default_plan: p
                plans: { p: { limits: [{ name: year, quota: { amount: {{Amount}}, period: year } }] } }
              open:
                default_plan: p
                on_failure: allow
                plans: { p: { limits: [{ name: year, quota: { amount: {{Amount}}, period: year } }] } }
            """);
        long acknowledged = 0;
        using (SiloProcess silo = await SiloProcess.StartAsync(folder.File("quota.yaml"), folder.File("disk/data")))
        {
            using var json = new JsonSilo(silo.Http);
            // 1. Somebody else takes the rest of the disk.
            Fill(folder.File("disk/ballast"));
            (HttpStatusCode status, JsonElement body) = await SpendUntilRefusedAsync(json, () => acknowledged++);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Contains("Full", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
            // 2. Peeks and refusals go on; the failure policy of the other namespace is applied and said.
            Assert.Equal(Amount - acknowledged, await json.RemainingAsync("full", "k", "year"));
            Assert.Equal("REASON_LIMIT_EXCEEDED", (await json.CheckAsync("full", "k", Amount + 1)).Body.GetProperty("reason").GetString());
            (_, JsonElement open) = await json.CheckAsync("open", "k");
            Assert.Equal((true, "REASON_FAILURE_POLICY"), (open.GetProperty("allowed").GetBoolean(), open.GetProperty("reason").GetString()));
            await JsonSilo.UntilAsync(() => json.GetAsync("/readyz"), s => s == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(5));
            // 3. Room again: it goes on by itself.
            File.Delete(folder.File("disk/ballast"));
            await JsonSilo.UntilAsync(() => json.GetAsync("/readyz"), s => s == HttpStatusCode.OK, TimeSpan.FromSeconds(10));
            Assert.Equal(HttpStatusCode.OK, (await json.CheckAsync("full", "k")).Status);
            acknowledged++;
            silo.Process.Kill();
        }
        using SiloProcess again = await SiloProcess.StartAsync(folder.File("quota.yaml"), folder.File("disk/data"));
        using var after = new JsonSilo(again.Http);
        Assert.Equal(Amount - acknowledged, await after.RemainingAsync("full", "k", "year"));
    }

    private static void Fill(string path)
    {
        using FileStream file = File.Create(path);
        byte[] block = new byte[64 * 1024];
        try
        {
            for (int i = 0; i < 1024; i++)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full: that is what it is for.
        }
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> SpendUntilRefusedAsync(JsonSilo json, Action acknowledge)
    {
        // A long attribute is not journaled; a long key is, and fills segments faster.
        for (int i = 0; i < 200_000; i++)
        {
            (HttpStatusCode status, JsonElement body) = await json.CheckAsync("full", "k");
            if (status != HttpStatusCode.OK)
            {
                return (status, body);
            }
            acknowledge();
            await json.CheckAsync("open", new string('x', 256));
        }
        throw new InvalidOperationException("the disk never filled up");
    }
}
