using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Store;

namespace Quota.Simulator;

/// <summary>
/// What has to hold after every step. At every commit: it builds on what is there, no version is used twice, no counter holds more
/// than its amount (permits that are out count as used), and permits that are out are counted. After every event of a silo: every
/// permit that it may still spend is in a book, with the same end, and no more of it was spent than there is.
/// </summary>
internal sealed class StepAudit(World world, SharedStore server, Scenario scenario, IReadOnlyList<SimSilo> silos, Ledger ledger)
{
    private readonly Dictionary<byte[], HashSet<long>> _versions = new(BytesComparer.Instance);
    private readonly Dictionary<byte[], List<LeaseEntry>> _books = new(BytesComparer.Instance);
    private readonly Dictionary<ulong, CounterLayout> _layouts = [];

    /// <summary>Leases in the books of the store.</summary>
    public IReadOnlyDictionary<byte[], List<LeaseEntry>> Books => _books;

    /// <summary>Leases that were granted.</summary>
    public int Granted { get; private set; }

    /// <summary>How often one was renewed.</summary>
    public int Renewed { get; private set; }

    public void Committing(StoreLink from, IReadOnlyList<GrainSave> saves)
    {
        foreach (GrainSave save in saves)
        {
            byte[] id = save.Id.ToArray();
            long version = server.Load(id)?.Version ?? 0;
            Check(version == save.ExpectedVersion, $"silo {from.Silo} commits {Show(id)} on version {save.ExpectedVersion}, but it has {version}: two commits succeed on one version");
            if (!_versions.TryGetValue(id, out HashSet<long>? used))
            {
                _versions.Add(id, used = []);
            }
            Check(save.IsDeletion || used.Add(save.Grain.Version), $"silo {from.Silo} gives {Show(id)} version {save.Grain.Version} a second time");
            if (id[0] == GrainId.LeaseRecord)
            {
                NoteBook(from, id, save);
            }
        }
    }

    public void Committed(StoreLink from, IReadOnlyList<GrainSave> saves)
    {
        if (world.IsTraced)
        {
            world.Trace($"silo {from.Silo}: commits {string.Join("; ", saves.Select(Describe))}");
        }
        foreach (GrainSave save in saves)
        {
            if (!save.IsDeletion && save.Id.Span[0] is GrainId.KeyBlock or GrainId.ValueBlock)
            {
                CheckCounters(from, save.Id.ToArray(), save.Grain);
            }
        }
    }

    /// <summary>Looks at what the silo that just did something holds in memory.</summary>
    public void AfterStep()
    {
        foreach (SimSilo silo in silos)
        {
            if (ReferenceEquals(silo.Process, world.Ran) && !silo.Process.IsDead)
            {
                ledger.NoteClock(silo.Clock.Now(), world.NowNs);
                CheckMemory(silo);
            }
        }
    }

    /// <summary>The layout that the store keeps under this id.</summary>
    public CounterLayout Layout(ulong id)
    {
        if (!_layouts.TryGetValue(id, out CounterLayout? layout))
        {
            foreach (byte[] encoded in server.Layouts())
            {
                Check(CounterLayout.TryDecode(encoded, out CounterLayout? known), $"the store holds a layout that cannot be read");
                _layouts[known!.Id] = known;
            }
            Check(_layouts.TryGetValue(id, out layout), $"the store holds a block whose layout it does not hold");
        }
        return layout!;
    }

    public static void Check(bool holds, FormattableString what)
    {
        if (!holds)
        {
            throw new SimulationFailure(FormattableString.Invariant(what));
        }
    }

    private void NoteBook(StoreLink from, byte[] id, in GrainSave save)
    {
        List<LeaseEntry> after = [];
        Check(save.IsDeletion || LeaseBook.TryDecode(save.Grain.State, out after), $"a book cannot be read");
        List<LeaseEntry> before = _books.GetValueOrDefault(id) ?? [];
        foreach (LeaseEntry gone in before)
        {
            if (gone.Holder != from.Holder && !after.Exists(l => l.Holder == gone.Holder && l.Id == gone.Id))
            {
                Check(scenario.Leases.Lost != Quota.Silo.Cluster.LostLeases.Keep, $"silo {from.Silo} settles a lease of silo {gone.Silo}, which is to be kept");
                byte[] blockId = LeaseBook.BlockIdOf(id);
                Check(GrainId.TryReadKey(id, out _, out ReadOnlySpan<byte> key), $"a book of no key");
                ledger.Lost.Add(new LostLease(scenario.IndexOf(key), blockId[0] == GrainId.KeyBlock, gone, scenario.Leases.Lost));
                world.Trace($"silo {from.Silo}: settles a lost lease of {gone.Silo}: {string.Join(", ", gone.Permits)}");
            }
        }
        foreach (LeaseEntry lease in after)
        {
            if (before.Find(b => b.Holder == lease.Holder && b.Id == lease.Id) is { } was && lease.EndNs + lease.Permits.Sum(p => p.Granted) != was.EndNs + was.Permits.Sum(p => p.Granted))
            {
                Renewed++;
                Check(lease.Holder == from.Holder, $"silo {from.Silo} renews a lease of {lease.Silo} that it may not renew");
                Check(lease.EndNs >= was.EndNs && lease.GrantedAt == was.GrantedAt && lease.Permits.Zip(was.Permits).All(p => p.First.Limit == p.Second.Limit && p.First.Granted >= p.Second.Granted), $"silo {from.Silo} takes something back from a lease on {Show(id)}");
                Check(lease.EndNs - lease.GrantedAt.WindowNs <= (Quota.Contracts.Bounds.LeaseLifeDurations + 1) * scenario.Leases.DurationMs * 1_000_000L, $"silo {from.Silo} renews a lease on {Show(id)} for ever");
                world.Trace($"silo {from.Silo}: renews {lease.Id % 1_000_000_000} on {Show(id)} until {(lease.EndNs - world.NowNs) / 1e6:F1} ms: {string.Join(", ", lease.Permits.Select(p => $"{p.Limit} {p.Granted}"))}");
            }
        }
        foreach (LeaseEntry lease in after.Where(l => !before.Exists(b => b.Holder == l.Holder && b.Id == l.Id)))
        {
            Granted++;
            Check(lease.Holder == from.Holder, $"silo {from.Silo} is granted a lease for {lease.Silo}");
            world.Trace($"silo {from.Silo}: lease {lease.Id % 1_000_000_000} on {Show(id)} until {(lease.EndNs - world.NowNs) / 1e6:F1} ms: {string.Join(", ", lease.Permits.Select(p => $"{p.Limit} {p.Granted}"))}");
        }
        if (after.Count == 0)
        {
            _books.Remove(id);
        }
        else
        {
            _books[id] = after;
        }
    }

    private void CheckCounters(StoreLink from, byte[] id, in StoredGrain grain)
    {
        Check(GrainId.TryReadKey(id, out _, out ReadOnlySpan<byte> key), $"a block of no key");
        Level level = scenario.Levels[scenario.IndexOf(key)];
        CounterLayout layout = Layout(grain.LayoutId);
        for (int i = 0; i < layout.Shapes.Length; i++)
        {
            CounterShape shape = layout.Shapes[i];
            if (shape.Algorithm == LimitAlgorithm.PerValue || !level.Limits.TryGetValue(shape.LimitName, out LimitModel? limit))
            {
                continue;
            }
            // A slow clock sees more debt in a bucket than a fast one has left there.
            Instant now = shape.Algorithm == LimitAlgorithm.TokenBucket ? new Instant(world.NowNs + ledger.WindowMaxNs, world.NowMs) : from.Now;
            long used = Counter.Used(shape, layout.Counter(grain.State.Span, i), now);
            Check(used <= limit.Capacity, $"after a commit of silo {from.Silo}, {Show(id)} has {used} of {limit.Capacity} used of {limit.Name}");
        }
    }

    private void CheckMemory(SimSilo silo)
    {
        long nowNs = silo.Link.Now.WindowNs;
        foreach (Shard shard in silo.Table.Shards)
        {
            for (int block = 0; block < shard.EntryEnd; block++)
            {
                if (shard.Entry(block).Reference == 0 || !LeaseBlock.IsLeased(silo.Table.Layouts[shard.Entry(block).Layout]))
                {
                    continue;
                }
                CounterLayout layout = silo.Table.Layouts[shard.Entry(block).Layout];
                Span<long> head = LeaseBlock.Head(layout, shard.State(block));
                if (head[LeaseHead.Id] != 0 && head[LeaseHead.EndNs] > nowNs)
                {
                    CheckLease(silo, shard.Id(block), layout, shard.State(block), head);
                }
            }
        }
    }

    private void CheckLease(SimSilo silo, ReadOnlySpan<byte> id, CounterLayout layout, Span<byte> state, Span<long> head)
    {
        long leaseId = head[LeaseHead.Id];
        byte[] bookId = LeaseBook.IdOf(id);
        LeaseEntry? entry = _books.GetValueOrDefault(bookId)?.Find(l => l.Holder == silo.Holder && l.Id == leaseId);
        Check(entry is not null, $"silo {silo.Number} may spend a lease on {Show(id)} that is in no book");
        Check(head[LeaseHead.EndNs] <= entry!.EndNs, $"silo {silo.Number} may spend a lease on {Show(id)} after its end");
        for (int i = 0; i < layout.Shapes.Length; i++)
        {
            if (layout.Shapes[i].Algorithm != LimitAlgorithm.Lease)
            {
                continue;
            }
            Span<long> limit = LeaseBlock.Limit(layout, state, i);
            string name = layout.Shapes[i].LimitName;
            long granted = entry.Permits.FirstOrDefault(p => p.Limit == name)?.Granted ?? 0;
            Check(limit[LeaseCounter.Granted] <= granted, $"silo {silo.Number} has {limit[LeaseCounter.Granted]} permits of {name} on {Show(id)}, of which {granted} are in the book");
            Check(limit[LeaseCounter.Spent] <= limit[LeaseCounter.Granted], $"silo {silo.Number} has spent {limit[LeaseCounter.Spent]} of {limit[LeaseCounter.Granted]} permits of {name} on {Show(id)}");
        }
    }

    private string Describe(GrainSave save)
    {
        string shown = $"{Show(save.Id.Span)} {(save.IsDeletion ? "deleted" : "v" + save.Grain.Version)}";
        if (!save.IsDeletion && save.Id.Span[0] == GrainId.KeyBlock && Layout(save.Grain.LayoutId) is { Usage: not null } layout)
        {
            shown += $" day {UsageSection.Read(layout, save.Grain.State.Span)?.Units.Sum(u => u.Used)}";
        }
        if (save.Id.Span[0] == GrainId.MonthRecord && UsageMonthCodec.TryDecode(save.Grain.State.Span, out UsageMonth? month))
        {
            shown += $" month {month!.Units.Sum(u => u.Used)}";
        }
        return shown;
    }

    private static string Show(ReadOnlySpan<byte> id)
    {
        GrainId.TryReadKey(id, out _, out ReadOnlySpan<byte> key);
        return $"block {id[0]} of key '{System.Text.Encoding.UTF8.GetString(key)}'";
    }
}
