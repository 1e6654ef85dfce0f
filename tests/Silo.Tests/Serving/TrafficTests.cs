using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Contracts.V1;
using Quota.Grains.Model;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;
using Quota.Silo.Replay;
using Quota.Silo.Tests.Replay;
using Quota.Silo.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Serving;

/// <summary>
/// A running silo, over its sockets and through its journal, decides the requests of an access log at the times of the log.
/// Every decision, and what it says of every limit, equals the exact log's.
/// </summary>
public sealed class TrafficTests(ITestOutputHelper output)
{
    private const string Config = """
        namespaces:
          site:
            default_plan: p
            sync: os
            plans:
              p:
                limits:
                  - { name: burst, rate: { amount: 4, period: 1s } }
                  - { name: minute, rate: { amount: 30, period: 1m, buckets: 7 } }
                  - { name: page, rate: { amount: 3, period: 30s }, per: [route] }
                  - { name: bucket, rate: { amount: 7, period: 10s, algorithm: token_bucket, burst: 12 } }
                  - { name: agent, rate: { amount: 60, period: 5m, algorithm: weighted }, per: [user_agent, status], mode: shadow }
                  - { name: day, quota: { amount: 300, period: day, time_zone: America/New_York } }
        """;

    [Fact]
    public Task Decides_the_sample_exactly() => CompareAsync(RepositoryFiles.SampleLog);

    [Fact]
    public async Task Decides_real_requests_exactly()
    {
        if (!File.Exists(RepositoryFiles.SharedLog))
        {
            output.WriteLine($"{RepositoryFiles.SharedLog} is absent; nothing was compared.");
            return;
        }
        await CompareAsync(RepositoryFiles.SharedLog);
    }

    private async Task CompareAsync(string file)
    {
        using var folder = new TempFolder();
        ConfigResult config = ConfigLoader.Parse(Config, "test");
        Assert.True(config.IsValid);
        Assert.True(config.Catalog.Namespaces.TryGet("site"u8, out Quota.Silo.Catalog.NamespaceModel? site));
        PlanModel plan = site.DefaultPlan!;
        var clock = new ManualClock(unixMs: 0);
        // A small table and small segments, so that keys leave memory and come back, and the journal rolls over.
        var settings = new SiloSettings { GrpcListen = "127.0.0.1:0", HttpListen = "127.0.0.1:0", DataDirectory = folder.File("data"), JournalSegmentBytes = 1 << 20, ResidentBlocksMax = 1000, CheckpointIntervalMs = 500 };
        (SiloHost? host, string? fault) = await SiloHost.StartAsync(settings, config.Catalog, new SiloHostOptions { Clock = clock, SelfTest = false }, NullLoggerFactory.Instance, CancellationToken.None);
        Assert.True(host is not null, fault);
        await using SiloHost running = host;
        using var client = new GrpcTestClient(host.Endpoints.Grpc);
        var exact = new ExactLog(plan);
        int lines = 0, denied = 0;
        foreach (string text in File.ReadLines(file))
        {
            lines++;
            Assert.Null(AccessLogParser.Parse(Encoding.UTF8.GetBytes(text), out AccessLogLine line));
            LoggedRequest request = LoggedRequest.Of(line);
            // The clock of a silo never goes back, whatever order its requests come in.
            long nowMs = Math.Max(request.Ms, clock.Now().WallMs);
            clock.SetUnixMs(nowMs);
            (bool allowed, uint exceeded) = exact.Decide(request with { Ms = nowMs }, 1);
            var check = new CheckQuotaRequest { Namespace = "site", Key = request.Client };
            foreach ((string name, string value) in request.Attributes)
            {
                check.Attributes.Add(name, value);
            }
            GrpcTestReply reply = await client.UnaryAsync("/quota.v1.QuotaService/CheckQuota", check);
            Assert.True(reply.Status == 0, $"line {lines}: {reply.Message}");
            CheckQuotaResponse answer = CheckQuotaResponse.Parser.ParseFrom(reply.Single);
            uint said = answer.Limits.Where(l => l.Exceeded).Aggregate(0u, (mask, l) => mask | (1u << Array.FindIndex(plan.Limits, p => p.Name == l.Name)));
            Assert.True((allowed, exceeded) == (answer.Allowed, said), $"line {lines}: expected {allowed} {exceeded:b}, got {answer}");
            denied += allowed ? 0 : 1;
        }
        output.WriteLine($"{lines} decisions agree, {denied} of them refusals");
        Assert.InRange(denied, 1, lines - 1);
    }
}
