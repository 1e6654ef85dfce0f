using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>A real <c>quota-orleans</c>, as a process of its own.</summary>
internal sealed partial class OrleansProcess : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);
    private readonly ChildProcess _process;
    private HttpClient _http = null!;

    private OrleansProcess(ChildProcess process) => _process = process;

    public string Output => _process.Output;

    /// <summary>Starts a silo and returns when it is ready.</summary>
    public static async Task<OrleansProcess> StartAsync(string config, string data, string name, int port)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        var silo = new OrleansProcess(Launch(config, data, name, address));
        string ready = await silo._process.WaitForLineAsync("ready", Bound);
        silo._http = new HttpClient { BaseAddress = new Uri($"http://{ReadyLine().Match(ready).Groups[1].Value}"), Timeout = TimeSpan.FromSeconds(20) };
        return silo;
    }

    public static ChildProcess Launch(string config, string data, string name, string address) =>
        ChildProcess.StartAssembly("quota-orleans.dll", "serve", "--config", config, "--data", data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--silo", name, "--orleans", address);

    public static int FreePort() => ServerProcess.FreePort();

    /// <summary>Whether a check was allowed; null if there was no answer that says.</summary>
    public async Task<bool?> CheckAsync(string key)
    {
        try
        {
            using HttpResponseMessage response = await _http.PostAsJsonAsync("/v1/check", new { @namespace = "acme", key });
            JsonElement body = await response.Content.ReadFromJsonAsync<JsonElement>();
            return response.IsSuccessStatusCode ? body.GetProperty("allowed").GetBoolean() : null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Waits for the last word of the silo on how many silos there are.</summary>
    public async Task WaitForSilosAsync(int silos)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Sizes().Matches(Output).LastOrDefault()?.Groups[1].Value != silos.ToString(CultureInfo.InvariantCulture))
        {
            Assert.True(clock.Elapsed < Bound, $"not {silos} silos:\n{Output}");
            await Task.Delay(20);
        }
    }

    public void Kill() => _process.Kill();

    public void Signal(string name) => _process.Signal(name);

    public async Task<int> StopAsync()
    {
        _process.Signal("TERM");
        return await _process.WaitForExitAsync(Bound);
    }

    public void Dispose()
    {
        _http?.Dispose();
        _process.Dispose();
    }

    [GeneratedRegex(@"^ready.*HTTP on (\S+)")]
    private static partial Regex ReadyLine();

    [GeneratedRegex(@"The cluster has (\d+) silos")]
    private static partial Regex Sizes();
}
