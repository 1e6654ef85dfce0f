using Quota.Contracts;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// The executor of a silo in a cluster with partitions: hands each check to the silo that owns its key's partition, which mostly
/// decides from memory, and decides here what it owns itself or cannot hand on, and what its own leases cover: a key that this silo is
/// asked for very often is not handed on, so that the silo's own executor takes a lease on it.
/// <para>
/// Safety. No answer depends on who owns a partition. Every silo's own executor is right for every key, whoever else decides on it at
/// the same time, because what it counts is either saved in the shared store under a condition or spent from permits that the store
/// has given away before. The map, the epochs and the lanes only decide how fast an answer is. What the map says is replaced as a
/// whole, so a check sees one map.
/// </para>
/// </summary>
internal sealed class ForwardRouter : IGrainExecutor, IDisposable
{
    private readonly Lock _lock = new();
    private readonly IGrainExecutor _own;
    private readonly PartitionSettings _settings;
    private readonly TimeProvider _time;
    private readonly CheckFallback _fallback;
    private readonly SharedExecutor? _leases;
    private readonly DemandSketch _demand = new();
    private volatile Routes _routes;

    /// <param name="own">Decides in this silo, on any key.</param>
    /// <param name="settings">How many partitions there are, and the time-out.</param>
    /// <param name="clock">The instant of what is decided here after all.</param>
    /// <param name="time">For time-outs.</param>
    public ForwardRouter(IGrainExecutor own, PartitionSettings settings, IClock clock, TimeProvider time)
    {
        _own = own;
        _leases = own as SharedExecutor;
        _settings = settings;
        _time = time;
        _fallback = new CheckFallback(own, clock);
        Epochs = new PartitionEpochTable(settings.Count);
        _routes = new Routes(new PartitionMap(settings.Count, []), []);
    }

    /// <summary>The epochs this silo has heard of.</summary>
    public PartitionEpochTable Epochs { get; }

    /// <summary>The map in force.</summary>
    public PartitionMap Map => _routes.Map;

    /// <summary>The other silos of the map, and whether they answer.</summary>
    public IReadOnlyList<(PartitionMember Member, bool Answers)> Others =>
        [.. _routes.Map.Members.Zip(_routes.Lanes).Where(m => m.Second is not null).Select(m => (m.First, m.Second!.IsOpen))];

    public void Begin(in GrainCommand command, Decision decision)
    {
        Routes routes = _routes;
        int partition = PartitionNumber.Of(command, routes.Map.Partitions);
        int owner = routes.Map.OwnerOf(partition);
        // The silo tries itself out in a namespace of its own, which is about this silo and no other.
        if (owner < 0 || routes.Lanes[owner] is not { } lane || SelfTestNamespace.Is(command.Namespace))
        {
            _own.Begin(command, decision);
        }
        else if (_leases is null || !_leases.TryBegin(command, decision))
        {
            if (IsHot(command) || !lane.TryAdd(command, decision, partition))
            {
                _own.Begin(command, decision);
            }
        }
    }

    /// <summary>Whether this silo alone asks for the key so often that a lease of its own pays.</summary>
    private bool IsHot(in GrainCommand command)
    {
        if (_leases is null || !LeaseFront.IsEligible(command))
        {
            return false;
        }
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        id = id[..GrainId.WriteKey(id, command.Namespace.NameUtf8, command.Key)];
        _demand.Note(id, command.Now.WindowNs);
        return _demand.Recent(id, command.Now.WindowNs) >= Bounds.ForwardChecksMax;
    }

    public ValueTask CompleteAsync(Decision decision)
    {
        return decision.Elsewhere is { } elsewhere ? Take(elsewhere, decision) : _own.CompleteAsync(decision);

        static async ValueTask Take(Task<Decision> elsewhere, Decision decision) => decision.Adopt(await elsewhere.ConfigureAwait(false));
    }

    /// <summary>Puts another map in force. The lanes to silos that stay are kept.</summary>
    /// <param name="map">Has as many partitions as the settings say.</param>
    /// <param name="transport">Gets to its members.</param>
    public void Follow(PartitionMap map, IPartitionTransport transport)
    {
        Grains.Invariant.Check(map.Partitions == _settings.Count);
        var gone = new List<ForwardLane>();
        lock (_lock)
        {
            Routes before = _routes;
            var lanes = new ForwardLane?[map.Members.Length];
            for (int i = 0; i < lanes.Length; i++)
            {
                PartitionMember member = map.Members[i];
                if (!member.IsSelf)
                {
                    lanes[i] = before.Find(member) ?? Open(member, transport);
                }
            }
            gone.AddRange(before.Lanes.OfType<ForwardLane>().Except(lanes.OfType<ForwardLane>()));
            _routes = new Routes(map, lanes);
        }
        foreach (ForwardLane lane in gone)
        {
            lane.Dispose();
        }
    }

    /// <summary>From now on everything is decided here.</summary>
    public void Dispose()
    {
        Routes before;
        lock (_lock)
        {
            before = _routes;
            _routes = new Routes(new PartitionMap(_settings.Count, []), []);
        }
        foreach (ForwardLane? lane in before.Lanes)
        {
            lane?.Dispose();
        }
    }

    private ForwardLane Open(PartitionMember member, IPartitionTransport transport)
    {
        var lane = new ForwardLane(member, transport, _fallback, Epochs, _settings, _time);
        lane.Start();
        return lane;
    }

    /// <summary>A map, and by its members the lanes to them; none to this silo.</summary>
    private sealed record Routes(PartitionMap Map, ForwardLane?[] Lanes)
    {
        public ForwardLane? Find(PartitionMember member)
        {
            int index = Array.FindIndex(Map.Members, m => m.Name == member.Name && m.Handle.Equals(member.Handle));
            return index < 0 ? null : Lanes[index];
        }
    }
}
