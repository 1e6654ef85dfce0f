using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Quota.Contracts.V1;
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

    /// <summary>A check, as a caller makes it who may have to repeat it.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="requestId">Null for none.</param>
    /// <param name="patience">Longest wait.</param>
    public async Task<CheckReply> AskAsync(string ns, string key, string? requestId, TimeSpan patience)
    {
        try
        {
            using var timeout = new CancellationTokenSource(patience);
            using HttpResponseMessage response = await _http.PostAsJsonAsync("/v1/check", new { @namespace = ns, key, request_id = requestId ?? "" }, timeout.Token);
            JsonElement body = await response.Content.ReadFromJsonAsync<JsonElement>(timeout.Token);
            return new CheckReply(response.IsSuccessStatusCode ? body.GetProperty("allowed").GetBoolean() : null);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return new CheckReply(null, IsUncounted: true);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException)
        {
            return new CheckReply(null);
        }
    }

    /// <summary>Units that are billed of a key since an instant's month, and such that are unsettled.</summary>
    public async Task<(long Billable, long Unsettled)> UsageAsync(string ns, string key, DateTimeOffset since)
    {
        long billable = 0, unsettled = 0;
        foreach (string month in new[] { since, DateTimeOffset.UtcNow }.Select(t => t.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture)).Distinct())
        {
            using HttpResponseMessage response = await _http.GetAsync($"/v1/namespaces/{ns}/keys/{key}/usage?month={month}");
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, body);
            foreach (UnitUsage unit in JsonParser.Default.Parse<KeyUsage>(body).Units)
            {
                billable += unit.Billable;
                unsettled += unit.Unsettled;
            }
        }
        return (billable, unsettled);
    }

    /// <summary>Waits for the last word of the silo on how many silos there are.</summary>
    public async Task WaitForSilosAsync(int silos)
    {
        var clock = Stopwatch.StartNew();
        while (Sizes().Matches(Output).LastOrDefault()?.Groups[1].Value != silos.ToString(CultureInfo.InvariantCulture))
        {
            Assert.True(clock.Elapsed < Bound, $"not {silos} silos:\n{Output}");
            await Task.Delay(20);
        }
    }

    /// <summary>kill -9; the instants, by <see cref="Stopwatch"/>, before it was sent and when it had been.</summary>
    public (long Before, long After) KillTimed()
    {
        using var process = Process.GetProcessById(_process.Id);
        long before = Stopwatch.GetTimestamp();
        process.Kill();
        return (before, Stopwatch.GetTimestamp());
    }

    public void Signal(string name) => _process.Signal(name);

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
