using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;

namespace Quota.Simulator;

/// <summary>What a seed stands for: who is there, under which plans, what is asked, and what goes wrong. Drawn once, at the start.</summary>
internal sealed class Scenario
{
    public const string Namespace = "n";

    private const long SecondNs = 1_000_000_000;

    public Scenario(World world)
    {
        Silos = (int)world.Between(2, 5);
        // An instant of an ordinary day, or shortly before a day or month ends.
        DateTime start = world.Random.Next(8) switch
        {
            0 => new DateTime(2026, 3, 31, 23, 59, 58, DateTimeKind.Utc),
            1 => new DateTime(2026, 3, 10, 23, 59, 58, DateTimeKind.Utc),
            _ => new DateTime(2026, 3, 10, 12, 0, 0, DateTimeKind.Utc),
        };
        StartNs = ((long)(start - DateTime.UnixEpoch).TotalMilliseconds * 1_000_000) + world.Between(0, SecondNs);
        TrafficNs = world.Between(2 * SecondNs, 7 * SecondNs);
        Requests = (int)world.Between(60, 260);
        PaceNs = TrafficNs / Requests;
        IsBursty = world.Chance(0.5);
        CostMax = world.Chance(0.4) ? world.Between(2, 6) : 1;
        IdShare = world.Chance(0.6) ? 0.25 : 0;
        ReserveShare = world.Chance(0.4) ? 0.08 : 0;
        RefundShare = world.Chance(0.3) ? 0.05 : 0;
        ReadShare = world.Chance(0.3) ? 0.02 : 0;
        HotShare = world.Chance(0.7) ? 0.85 : 0.4;
        Leases = new LeasePolicy
        {
            Enabled = world.Chance(0.85),
            DurationMs = (int)world.Between(100, 4_000),
            Lost = (LostLeases)world.Random.Next(3),
            LostAfterMs = world.Between(5_000, 20_000),
        };
        Network = new NetworkTerms(world.Chance(0.4) ? 0.02 : 0, world.Chance(0.4) ? 0.03 : 0, world.Chance(0.3) ? 0.03 : 0, (int)world.Between(300, 2_000));
        Faults = new FaultTerms(world);
        ResidentMax = world.Chance(0.2) ? 1 : 10_000;
        Levels = DrawLevels(world, out int keys);
        Keys = keys;
        Catalogs = [Catalog(0), Catalog(1)];
    }

    public int Silos { get; }

    public long StartNs { get; }

    /// <summary>How long requests come in.</summary>
    public long TrafficNs { get; }

    public int Requests { get; }

    public long PaceNs { get; }

    public bool IsBursty { get; }

    public long CostMax { get; }

    public double IdShare { get; }

    public double ReserveShare { get; }

    public double RefundShare { get; }

    public double ReadShare { get; }

    public double HotShare { get; }

    public LeasePolicy Leases { get; }

    /// <summary>The way between silos and store.</summary>
    public NetworkTerms Network { get; set; }

    public FaultTerms Faults { get; }

    /// <summary>Blocks a silo's own table holds before idle ones leave; if so few, checkpoints are frequent, so that they can.</summary>
    public int ResidentMax { get; }

    /// <summary>The keys that are asked for come first, then their parent and the namespace if there are plans for them.</summary>
    public IReadOnlyList<Level> Levels { get; }

    /// <summary>How many of <see cref="Levels"/> are asked for.</summary>
    public int Keys { get; }

    /// <summary>Before and after the change of plans.</summary>
    public IReadOnlyList<CatalogModel> Catalogs { get; }

    /// <summary>The levels that a check of a key counts on, by their index in <see cref="Levels"/>.</summary>
    public IReadOnlyList<int> LevelsOf(int key) => [key, .. Enumerable.Range(Keys, Levels.Count - Keys)];

    public int IndexOf(ReadOnlySpan<byte> key)
    {
        for (int i = 0; i < Levels.Count; i++)
        {
            if (key.SequenceEqual(Levels[i].Utf8))
            {
                return i;
            }
        }
        return -1;
    }

    private static List<Level> DrawLevels(World world, out int keys)
    {
        keys = (int)world.Between(1, 4);
        bool hasParent = world.Chance(0.3);
        bool hasRoot = world.Chance(0.25);
        BillingModel? billing = world.Chance(0.9) ? BillingModel.Utc : null;
        PlanModel[] plans = DrawPlans(world, "p", billing, 1);
        var levels = new List<Level>();
        for (int i = 0; i < keys; i++)
        {
            levels.Add(new Level("k" + i, plans));
        }
        if (hasParent)
        {
            levels.Add(new Level("parent", DrawPlans(world, "above", billing, 2)));
        }
        if (hasRoot)
        {
            levels.Add(new Level("", DrawPlans(world, "root", billing, 3)));
        }
        return levels;
    }

    private static PlanModel[] DrawPlans(World world, string name, BillingModel? billing, int scale)
    {
        long Amount() => scale * (world.Chance(0.5) ? world.Between(20, 120) : world.Between(100, 1_000));
        var first = new List<LimitModel>();
        var second = new List<LimitModel>();
        void Add(Func<long, LimitModel> make)
        {
            long amount = Amount();
            first.Add(make(amount));
            second.Add(make(Math.Max(1, amount * world.Between(50, 200) / 100)));
        }
        if (world.Chance(0.6))
        {
            Add(amount => LimitModel.Quota("month", amount, new CalendarRule(CalendarUnit.Month)));
        }
        if (world.Chance(0.2))
        {
            Add(amount => LimitModel.Quota("day", amount, new CalendarRule(CalendarUnit.Day)));
        }
        if (world.Chance(0.5))
        {
            long period = world.Between(1, 60) * SecondNs;
            int buckets = (int)world.Between(1, 12);
            Add(amount => LimitModel.SlidingWindow("sliding", amount, period, buckets));
        }
        if (world.Chance(0.25))
        {
            long period = world.Between(1, 10) * SecondNs;
            Add(amount => LimitModel.FixedWindow("fixed", amount, period));
        }
        if (world.Chance(0.25))
        {
            (long rate, long burst) = (world.Between(5, 200), Amount());
            var bucket = LimitModel.TokenBucket("bucket", rate, SecondNs, burst);
            Add(_ => bucket);
        }
        if (scale == 1 && world.Chance(0.25))
        {
            long period = world.Between(2, 20) * SecondNs;
            Add(amount => LimitModel.SlidingWindow("ip", amount, period, 5, per: ["ip"]));
        }
        if (scale == 1 && world.Chance(0.2))
        {
            Add(amount => LimitModel.Concurrency("slots", Math.Min(amount, 10)));
        }
        if (first.Count == 0)
        {
            Add(amount => LimitModel.Quota("month", amount, new CalendarRule(CalendarUnit.Month)));
        }
        if (world.Chance(0.4))
        {
            second.Add(LimitModel.SlidingWindow("extra", Amount(), 5 * SecondNs));
        }
        return [new PlanModel(name + "1", first, billing: billing), new PlanModel(name + "2", second, billing: billing)];
    }

    private CatalogModel Catalog(int version)
    {
        Level? rootLevel = Levels.FirstOrDefault(l => l.Name == "");
        Level? parentLevel = Levels.FirstOrDefault(l => l.Name == "parent");
        KeyState? root = rootLevel is null ? null : new KeyState("", new KeyModel("", rootLevel.Plans[version]));
        KeyState? parent = parentLevel is null ? null : new KeyState("parent", new KeyModel("parent", parentLevel.Plans[version]) { Above = root });
        List<KeyState> keys = [.. Levels.Take(Keys).Select(l => new KeyState(l.Name, new KeyModel(l.Name, l.Plans[version]) { Above = parent ?? root }))];
        if (parent is not null)
        {
            keys.Add(parent);
        }
        PlanModel[] plans = [.. Levels.SelectMany(l => l.Plans).DistinctBy(p => p.Name)];
        return new CatalogModel([
            new NamespaceModel(Namespace)
            {
                Plans = new Utf8Map<PlanModel>(plans.Select(p => KeyValuePair.Create(p.Name, p))),
                Keys = new Utf8Map<KeyState>(keys.Select(k => KeyValuePair.Create(System.Text.Encoding.UTF8.GetString(k.NameUtf8), k))),
                DefaultPlan = plans[0],
                Root = root,
                Leases = Leases,
            },
        ]);
    }
}
