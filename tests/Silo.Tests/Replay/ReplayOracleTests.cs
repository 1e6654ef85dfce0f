using System.Text;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Replay;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Replay;

/// <summary>Every decision of a replay agrees with limits that keep a list of all they accepted and sum it by their definition.</summary>
public sealed class ReplayOracleTests(ITestOutputHelper output)
{
    private const string Plans = """
        namespaces:
          test:
            plans:
              sliding: { limits: [{ name: a, rate: { amount: 4, period: 1s } }, { name: b, rate: { amount: 20, period: 1m, buckets: 7 } }] }
              mixed:
                limits:
                  - { name: weighted, rate: { amount: 15, period: 1m, algorithm: weighted } }
                  - { name: bucket, rate: { amount: 7, period: 10s, algorithm: token_bucket, burst: 9 } }
                  - { name: fixed, rate: { amount: 60, period: 1h, algorithm: fixed_window }, mode: shadow }
                  - { name: day, quota: { amount: 90, period: day, time_zone: America/New_York } }
                  - { name: month, quota: { amount: 200, period: month, time_zone: Asia/Kolkata } }
              attributes:
                limits:
                  - { name: pages, rate: { amount: 3, period: 30s }, per: [route] }
                  - { name: search, rate: { amount: 12, period: 1m }, match: { route: [/search*, /presentations/*], method: GET } }
                  - { name: agent, rate: { amount: 25, period: 5m }, per: [user_agent, status], mode: shadow }
        """;

    [Theory]
    [InlineData("sliding", false)]
    [InlineData("mixed", false)]
    [InlineData("mixed", true)]
    [InlineData("attributes", false)]
    public void Agrees_on_the_sample(string plan, bool costIsBytes) => Compare(plan, costIsBytes, RepositoryFiles.SampleLog);

    [Theory]
    [InlineData("sliding", false)]
    [InlineData("mixed", false)]
    [InlineData("attributes", false)]
    public void Agrees_on_real_requests(string plan, bool costIsBytes)
    {
        if (!File.Exists(RepositoryFiles.SharedLog))
        {
            output.WriteLine($"{RepositoryFiles.SharedLog} is absent; nothing was compared.");
            return;
        }
        Compare(plan, costIsBytes, RepositoryFiles.SharedLog);
    }

    private void Compare(string planName, bool costIsBytes, string file)
    {
        PlanModel plan = Plan(costIsBytes ? Plans.Replace("amount: ", "amount: 1_000_0", StringComparison.Ordinal) : Plans, planName);
        var engine = new ReplayEngine(new ReplayOptions { Plan = plan, CostIsBytes = costIsBytes });
        var oracle = new ExactLog(plan);
        int denied = 0, lines = 0;
        foreach (string text in File.ReadLines(file))
        {
            lines++;
            Assert.Null(AccessLogParser.Parse(Encoding.UTF8.GetBytes(text), out AccessLogLine line));
            ReplayDecision actual = engine.Decide(line);
            (bool allowed, uint exceeded) = oracle.Decide(LoggedRequest.Of(line), costIsBytes ? line.Bytes : 1);
            Assert.True((allowed, exceeded) == (actual.Allowed, actual.ExceededMask), $"line {lines}: expected {allowed} {exceeded:b}, got {actual}");
            denied += allowed ? 0 : 1;
        }
        output.WriteLine($"{planName}: {lines} decisions agree, {denied} of them refusals");
        Assert.InRange(denied, 1, lines - 1);
    }

    private static PlanModel Plan(string yaml, string name)
    {
        ConfigResult config = ConfigLoader.Parse(yaml, "test");
        Assert.Empty(config.Errors);
        NamespaceModel found = Assert.Single(config.Catalog!.Namespaces.Values);
        Assert.True(found.Plans.TryGet(Encoding.UTF8.GetBytes(name), out PlanModel? plan));
        return plan;
    }
}
