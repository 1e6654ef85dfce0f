using System.Globalization;
using Quota.Silo.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Crash;

/// <summary>
/// An independent client process counts what it was told while the silo is killed with -9 at random moments. After every
/// restart each counter is at least what was acknowledged and at most what was sent.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Keys = 40;
    private const long Amount = 1_000_000_000;

    [Theory]
    [InlineData("commit", 20)]
    [InlineData("os", 6)]
    public async Task Nothing_acknowledged_is_lost(string sync, int rounds)
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var folder = new TempFolder();
        // Small segments and frequent checkpoints, so that kills meet roll-overs, recycling and half-done rounds.
        await File.WriteAllTextAsync(folder.File("quota.yaml"), $$"""
            server:
              journal: { segment_bytes: 2MiB, bytes_max: 64MiB }
              checkpoint_interval: 1s
              resident_blocks_max: 1000
            namespaces:
              crash:
                default_plan: p
                sync: {{sync}}
                plans:
                  p:
                    limits:
                      - { name: year, quota: { amount: {{Amount}}, period: year } }
                      - { name: rate, rate: { amount: {{Amount}}, period: 1m } }
            """);
        long[] sent = new long[Keys], acknowledged = new long[Keys];
        for (int round = 0; round < rounds; round++)
        {
            using SiloProcess silo = await SiloProcess.StartAsync(folder.File("quota.yaml"), folder.File("data"));
            await CompareAsync(silo, sent, acknowledged, $"round {round}, seed {seed}");
            using ChildProcess hammer = ChildProcess.StartAssembly("Quota.Hammer.dll", silo.Grpc.ToString(), "crash", Keys.ToString(CultureInfo.InvariantCulture), "16", "20", random.Next(1 << 20).ToString(CultureInfo.InvariantCulture));
            // The one place that sleeps: a kill has to come at a moment that nothing announces.
            await Task.Delay(random.Next(600, 1800));
            silo.Process.Kill();
            Assert.Equal(0, await hammer.WaitForExitAsync(TimeSpan.FromSeconds(30)));
            AddTallies(hammer.Output, sent, acknowledged);
        }
        using SiloProcess last = await SiloProcess.StartAsync(folder.File("quota.yaml"), folder.File("data"));
        await CompareAsync(last, sent, acknowledged, $"end, seed {seed}");
        output.WriteLine($"{rounds} kills: {sent.Sum()} units sent, {acknowledged.Sum()} acknowledged");
        Assert.True(acknowledged.Sum() > rounds * 100, "the client was hardly answered");
    }

    private static void AddTallies(string lines, long[] sent, long[] acknowledged)
    {
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(' ');
            int key = int.Parse(parts[0].AsSpan(1), CultureInfo.InvariantCulture);
            sent[key] += long.Parse(parts[1], CultureInfo.InvariantCulture);
            acknowledged[key] += long.Parse(parts[2], CultureInfo.InvariantCulture);
        }
    }

    private static async Task CompareAsync(SiloProcess silo, long[] sent, long[] acknowledged, string when)
    {
        using var json = new JsonSilo(silo.Http);
        for (int key = 0; key < Keys; key++)
        {
            long used = Amount - await json.RemainingAsync("crash", $"k{key}", "year");
            Assert.True(used >= acknowledged[key], $"{when}: k{key} has {used}, acknowledged were {acknowledged[key]}");
            Assert.True(used <= sent[key], $"{when}: k{key} has {used}, sent were {sent[key]}");
        }
    }
}
