using System.Globalization;
using System.Net;
using System.Text.Json;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Serving;

/// <summary>The silo as an operator meets it: start, stop, restart, reload, and what it says when it cannot start.</summary>
public sealed class ServeTests : IDisposable
{
    private const string Config = """
        namespaces:
          shop:
            default_plan: p
            plans:
              p: { limits: [{ name: year, quota: { amount: 1000, period: year } }, { name: rate, rate: { amount: 500, period: 1h } }] }
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task An_orderly_stop_drains_checkpoints_and_the_next_start_remembers(string signal)
    {
        Write(Config);
        using (SiloProcess silo = await StartAsync())
        {
            using var json = new JsonSilo(silo.Http);
            Assert.Equal(HttpStatusCode.OK, (await json.CheckAsync("shop", "ada", 7)).Status);
            silo.Process.Signal(signal);
            Assert.Equal(0, await silo.Process.WaitForExitAsync(TimeSpan.FromSeconds(20)));
            Assert.Contains("stopped", silo.Process.Output, StringComparison.Ordinal);
        }
        // Everything is in the store: even without the journal the counters are there.
        Directory.Delete(_folder.File("data/journal"), recursive: true);
        using SiloProcess again = await StartAsync();
        using var after = new JsonSilo(again.Http);
        Assert.Equal(993, await after.RemainingAsync("shop", "ada", "year"));
        Assert.Equal(493, await after.RemainingAsync("shop", "ada", "rate"));
    }

    [Fact]
    public async Task A_changed_file_is_in_force_within_a_second_a_bad_one_never_and_counters_stay()
    {
        Write(Config);
        using SiloProcess silo = await StartAsync();
        using var json = new JsonSilo(silo.Http);
        await json.CheckAsync("shop", "ada", 10);
        Write(Config.Replace("1000", "2000", StringComparison.Ordinal));
        await JsonSilo.UntilAsync(() => json.RemainingAsync("shop", "ada", "year"), r => r == 1990, TimeSpan.FromSeconds(5));
        Write(Config.Replace("1000", "-5", StringComparison.Ordinal));
        await silo.Process.WaitForLineAsync("", TimeSpan.FromSeconds(1));
        await JsonSilo.UntilAsync(() => Task.FromResult(silo.Process.Output), o => o.Contains("amount", StringComparison.Ordinal) && o.Contains("is refused", StringComparison.Ordinal), TimeSpan.FromSeconds(5));
        Assert.Equal(1990, await json.RemainingAsync("shop", "ada", "year"));
        Write(Config.Replace("1000", "3000", StringComparison.Ordinal).Replace("period: 1h", "period: 2h, buckets: 20", StringComparison.Ordinal));
        silo.Process.Signal("HUP");
        await JsonSilo.UntilAsync(() => json.RemainingAsync("shop", "ada", "year"), r => r == 2990, TimeSpan.FromSeconds(5));
        Assert.Equal(490, await json.RemainingAsync("shop", "ada", "rate"));
    }

    [Fact]
    public async Task A_second_silo_on_the_same_data_is_refused_with_the_reason()
    {
        Write(Config);
        using SiloProcess silo = await StartAsync();
        using ChildProcess second = SiloProcess.Launch(_folder.File("quota.yaml"), _folder.File("data"));
        Assert.Equal(1, await second.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("data", second.Output, StringComparison.Ordinal);
        Assert.Contains("another process", second.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_address_in_use_is_refused_with_the_reason()
    {
        Write(Config);
        using SiloProcess silo = await StartAsync();
        using ChildProcess second = ChildProcess.StartAssembly("quota.dll", "serve", "--config", _folder.File("quota.yaml"), "--data", _folder.File("other"), "--grpc", silo.Grpc.ToString(), "--http", "127.0.0.1:0");
        Assert.Equal(1, await second.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains(silo.Grpc.Port.ToString(CultureInfo.InvariantCulture), second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_another_machine_is_refused_with_the_reason()
    {
        Write(Config);
        using ChildProcess silo = ChildProcess.StartAssembly("quota.dll", "serve", "--config", _folder.File("quota.yaml"), "--data", _folder.File("data"), "--grpc", "203.0.113.7:7070", "--http", "127.0.0.1:0");
        Assert.Equal(1, await silo.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("cannot listen on 203.0.113.7:7070", silo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Localhost_is_an_address()
    {
        Write(Config);
        using ChildProcess silo = ChildProcess.StartAssembly("quota.dll", "serve", "--config", _folder.File("quota.yaml"), "--data", _folder.File("data"), "--grpc", "localhost:0", "--http", "localhost:0");
        await silo.WaitForLineAsync("ready: gRPC on 127.0.0.1:", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_silo_that_takes_one_call_at_a_time_becomes_ready()
    {
        Write("server: { in_flight_max: 1 }\n" + Config);
        using SiloProcess silo = await StartAsync();
        using var json = new JsonSilo(silo.Http);
        Assert.Equal(HttpStatusCode.OK, await json.GetAsync("/readyz"));
    }

    [Fact]
    public async Task A_bad_configuration_is_refused_with_file_line_and_field()
    {
        Write("namespaces:\n  shop:\n    sync: sometimes\n");
        using ChildProcess silo = SiloProcess.Launch(_folder.File("quota.yaml"), _folder.File("data"));
        Assert.Equal(1, await silo.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("quota.yaml:3:", silo.Output, StringComparison.Ordinal);
        Assert.Contains("namespaces.shop.sync", silo.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4096 + 48)]
    [InlineData(4096 + 2000)]
    public async Task A_damaged_journal_is_refused_and_can_be_accepted_by_hand(int damagedAt)
    {
        Write(Config);
        using (SiloProcess silo = await StartAsync())
        {
            using var json = new JsonSilo(silo.Http);
            for (int i = 0; i < 50; i++)
            {
                await json.CheckAsync("shop", "ada");
            }
            silo.Process.Kill();
        }
        // Damage in what was synced: the first record, which announces a counter layout, or one in the middle.
        string segment = Directory.GetFiles(_folder.File("data/journal"), "*.qj").Order(StringComparer.Ordinal).First();
        using (FileStream file = File.OpenWrite(segment))
        {
            file.Position = damagedAt;
            file.Write([0xDE, 0xAD, 0xBE, 0xEF]);
        }
        using (ChildProcess refused = SiloProcess.Launch(_folder.File("quota.yaml"), _folder.File("data")))
        {
            Assert.Equal(1, await refused.WaitForExitAsync(TimeSpan.FromSeconds(30)));
            Assert.Contains(Path.GetFileName(segment), refused.Output, StringComparison.Ordinal);
            Assert.Contains("--accept-journal-loss", refused.Output, StringComparison.Ordinal);
        }
        long remaining;
        using (SiloProcess accepted = await SiloProcess.StartAsync(_folder.File("quota.yaml"), _folder.File("data"), "--accept-journal-loss"))
        {
            using var after = new JsonSilo(accepted.Http);
            Assert.Equal(HttpStatusCode.OK, (await after.CheckAsync("shop", "ada")).Status);
            remaining = await after.RemainingAsync("shop", "ada", "year");
            Assert.InRange(remaining, 1000 - 51, 1000);
            accepted.Process.Kill();
        }
        // One consent is enough.
        using SiloProcess next = await StartAsync();
        using var again = new JsonSilo(next.Http);
        Assert.Equal(remaining, await again.RemainingAsync("shop", "ada", "year"));
    }

    [Fact]
    public async Task Every_answer_over_json_says_which_limit_decided_and_when_to_retry()
    {
        Write(Config);
        using SiloProcess silo = await StartAsync();
        using var json = new JsonSilo(silo.Http);
        Assert.True((await json.CheckAsync("shop", "bob", 500)).Body.GetProperty("allowed").GetBoolean());
        JsonElement refused = (await json.CheckAsync("shop", "bob")).Body;
        Assert.Equal((false, "rate"), (refused.GetProperty("allowed").GetBoolean(), refused.GetProperty("limit").GetString()));
        Assert.InRange(refused.GetProperty("retryAfterMs").GetInt64(), 1, 3_960_000);
        Assert.Equal(500, await json.RemainingAsync("shop", "bob", "year"));
        (HttpStatusCode status, JsonElement problem) = await json.CheckAsync("shop", new string('k', 257));
        Assert.Equal((HttpStatusCode.BadRequest, "key"), (status, problem.GetProperty("field").GetString()));
        (status, problem) = await json.CheckAsync("nowhere", "k");
        Assert.Equal((HttpStatusCode.NotFound, "namespace"), (status, problem.GetProperty("field").GetString()));
    }

    private Task<SiloProcess> StartAsync() => SiloProcess.StartAsync(_folder.File("quota.yaml"), _folder.File("data"));

    private void Write(string config) => File.WriteAllText(_folder.File("quota.yaml"), config);
}
