using Quota.Contracts;
using Quota.Silo.Cluster;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster;

/// <summary>Silos of one store know each other by their signs of life, and run on one clock.</summary>
public sealed class SiloRegistryTests
{
    private readonly MemoryGrainStore _store = new();
    private readonly List<Machine> _machines = [];

    [Fact]
    public async Task A_silo_is_live_late_gone_or_stopped()
    {
        Machine a = await StartAsync("a"), b = await StartAsync("b");
        await RoundAsync();
        Assert.Equal("a Live, b Live", Seen(a));
        Assert.Equal("a Live, b Live", Seen(b));
        // a alone goes on, after it has seen the last of b.
        await PassAsync(0, a);
        await PassAsync(Bounds.SiloLateMs + 1, a);
        Assert.Equal("a Live, b Late", Seen(a));
        await PassAsync(Bounds.SiloGoneMs, a);
        Assert.Equal("a Live, b Gone", Seen(a));
        await RoundAsync();
        await RoundAsync();
        Assert.Equal("a Live, b Live", Seen(a));
        await b.Registry.StopAsync(default);
        await PassAsync(1_000, a);
        Assert.Equal("a Live, b Stopped", Seen(a));
    }

    [Fact]
    public async Task What_a_silo_says_of_itself_is_seen_by_the_others()
    {
        Machine a = await StartAsync("a"), b = await StartAsync("b");
        b.Registry.Numbers = () => new SiloNumbers(1, 2, 3, 4);
        await RoundAsync();
        await RoundAsync();
        SiloView seen = a.Registry.Silos[1];
        Assert.Equal(("b:7070", "1.0", ExecutorKind.Shared, new SiloNumbers(1, 2, 3, 4)), (seen.Address, seen.ProductVersion, seen.Executor, seen.Numbers));
        Assert.Equal(ManualClock.DefaultStartMs + Bounds.SiloWatchMs, seen.StartedMs + Bounds.SiloWatchMs);
    }

    [Fact]
    public async Task A_name_that_lives_is_refused_and_one_that_has_died_is_taken_over()
    {
        Machine first = await StartAsync("a");
        Machine second = Create("a", 0);
        string? error = await JoinAsync(second, beating: first);
        Assert.Matches("^server.silo: the name a is in use by a silo at a:7070, run [0-9a-f]{32}, last seen 0\\.[0-9] s ago$", error);
        second = Create("a", 0);
        Assert.Null(await JoinAsync(second));
        await second.Registry.BeatAsync(default);
        // The first was paused only, and comes back.
        await first.Registry.BeatAsync(default);
        Assert.Equal("another process has taken the name a of this silo", first.Registry.Replaced);
        await first.Registry.StopAsync(default);
        await second.Registry.BeatAsync(default);
        Assert.Null(second.Registry.Replaced);
        Assert.Equal("a Live", Seen(second));
    }

    [Fact]
    public async Task A_beat_whose_end_is_unknown_does_not_look_like_another_process()
    {
        Machine a = await StartAsync("a");
        _store.AfterCommit = _ => throw new StoreException("injected");
        await Assert.ThrowsAsync<StoreException>(async () => await a.Registry.BeatAsync(default));
        _store.AfterCommit = null;
        await a.Registry.BeatAsync(default);
        Assert.Null(a.Registry.Replaced);
    }

    [Fact]
    public async Task All_silos_run_on_the_fastest_clock()
    {
        Machine a = await StartAsync("a"), b = await StartAsync("b", 2_000), c = await StartAsync("c", -1_000);
        for (int i = 0; i < 5; i++)
        {
            await RoundAsync();
        }
        Assert.Equal((2_000, 0, 3_000), (a.Clock.LeadMs, b.Clock.LeadMs, c.Clock.LeadMs));
        Assert.Equal(b.Clock.Now(), a.Clock.Now());
        Assert.Equal(b.Clock.Now(), c.Clock.Now());
        Assert.Equal(2_000, a.Registry.Silos.Single(s => s.Name == "b").SkewMs);
    }

    [Theory]
    [InlineData(-5_002, "the clock of this machine is 5001 ms behind those of 2 other silos: at most 5000 ms are allowed")]
    [InlineData(-4_999, null)]
    [InlineData(4_999, null)]
    [InlineData(8_000, "the clock of this machine is about 8001 ms ahead of those of 2 other silos: at most 5000 ms are allowed")]
    public async Task A_clock_too_far_from_the_others_is_refused_at_start(long aheadMs, string? expected)
    {
        Machine a = await StartAsync("a"), b = await StartAsync("b");
        Machine late = Create("late", aheadMs);
        Assert.Equal(expected, await JoinAsync(late, a, b));
    }

    [Fact]
    public async Task A_clock_that_goes_wrong_later_is_said_and_not_followed()
    {
        Machine a = await StartAsync("a"), b = await StartAsync("b");
        await RoundAsync();
        b.Time.AdvanceMs(60_000);
        await RoundAsync();
        await RoundAsync();
        Assert.Equal(0, a.Clock.LeadMs);
        Assert.Equal(1, a.Log.Lines.Count(l => l.Contains("The clock of silo b is 60000 ms ahead", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_silo_that_was_away_for_a_day_is_forgotten()
    {
        Machine a = await StartAsync("a"), b = await StartAsync("b");
        await b.Registry.StopAsync(default);
        await PassAsync(Bounds.SiloForgetMs + 1_000, a);
        Machine c = await StartAsync("c", 0, a);
        await a.Registry.BeatAsync(default);
        Assert.Equal("a Live, c Live", Seen(a));
        // And may come back.
        Assert.Null(await JoinAsync(Create("b", 0), a, c));
    }

    private static string Seen(Machine machine) => string.Join(", ", machine.Registry.Silos.Select(s => $"{s.Name} {s.State}"));

    private Machine Create(string name, long aheadMs)
    {
        var time = new ManualTime();
        time.AdvanceMs((_machines.Count == 0 ? 0 : _machines[0].Time.GetTimestamp() / 1_000_000) - (_machines.Count == 0 ? 0 : ManualClock.DefaultStartMs) + aheadMs);
        var machine = new Machine(_store, name, time);
        _machines.Add(machine);
        return machine;
    }

    private async Task<Machine> StartAsync(string name, long aheadMs = 0, params Machine[] beating)
    {
        Machine machine = Create(name, aheadMs);
        Assert.Null(await JoinAsync(machine, beating.Length > 0 ? beating : [.. _machines.Where(m => m != machine)]));
        return machine;
    }

    /// <summary>Starts a silo while others beat, or none does.</summary>
    private async Task<string?> JoinAsync(Machine machine, params Machine[] beating)
    {
        Task watching = machine.Time.WhenArmedAsync(TimeSpan.FromMilliseconds(Bounds.SiloWatchMs));
        Task<string?> joining = machine.Registry.JoinAsync(default).AsTask();
        if (await Task.WhenAny(watching, joining) == watching)
        {
            _machines.ForEach(m => m.Time.AdvanceMs(Bounds.SiloWatchMs - 1));
            foreach (Machine other in beating)
            {
                await other.Registry.BeatAsync(default);
            }
            _machines.ForEach(m => m.Time.AdvanceMs(1));
        }
        return await joining;
    }

    /// <summary>A second passes, and each silo reads what the others wrote at its end.</summary>
    private async Task RoundAsync()
    {
        await PassAsync(Bounds.SiloBeatMs, [.. _machines]);
        await PassAsync(0, [.. _machines]);
    }

    /// <summary>Time passes, then these beat.</summary>
    private async Task PassAsync(long ms, params Machine[] beating)
    {
        _machines.ForEach(m => m.Time.AdvanceMs(ms));
        foreach (Machine machine in beating)
        {
            await machine.Registry.BeatAsync(default);
        }
    }

    private sealed class Machine
    {
        public Machine(IGrainStore store, string name, ManualTime time)
        {
            Time = time;
            Clock = new ClusterClock(time);
            Registry = new SiloRegistry(store, new SiloIdentity(name, Guid.NewGuid(), name + ":7070", "1.0", ExecutorKind.Shared), Clock, time, Log.CreateLogger("registry"));
        }

        public ManualTime Time { get; }

        public ClusterClock Clock { get; }

        public TestLog Log { get; } = new();

        public SiloRegistry Registry { get; }
    }
}
