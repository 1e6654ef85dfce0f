using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local.Operations;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// What one check needs while it is decided: its levels, the gates it holds, and room for its journal record. One per thread, so
/// that deciding allocates nothing; a check is decided on one thread without waiting, and never inside another.
/// </summary>
internal sealed class CheckScratch
{
    [ThreadStatic]
    private static CheckScratch? _scratch;

    private readonly CheckLevel[] _levels = [.. Enumerable.Range(0, Bounds.LevelsMax).Select(_ => new CheckLevel())];
    private readonly Shard[] _gates = new Shard[Bounds.LevelsMax];
    private byte[] _record = new byte[1024];
    private byte[] _bytes = new byte[1024];
    private int _bytesUsed;
    private readonly List<(byte[] Id, long Departures)> _absent = [];
    private int _levelCount;
    private int _gateCount;

    /// <summary>This thread's.</summary>
    public static CheckScratch Mine => _scratch ??= new CheckScratch();

    /// <summary>The key, then each level above it.</summary>
    public ReadOnlySpan<CheckLevel> Levels => _levels.AsSpan(0, _levelCount);

    /// <summary>Records that the check adds beside its counters: request id, reservation, events.</summary>
    public List<NewRecord> NewRecords { get; } = [];

    /// <summary>Threshold events whose records are among <see cref="NewRecords"/>.</summary>
    public List<RaisedEvent> Raised { get; } = [];

    /// <summary>The record that an obstacle is about.</summary>
    public byte[] Wanted { get; set; } = [];

    /// <summary>Whether it is known that there is no such record, in memory or in the store.</summary>
    public bool IsAbsent(Shard shard, ReadOnlySpan<byte> id)
    {
        foreach ((byte[] absent, long departures) in _absent)
        {
            if (departures == shard.Departures && id.SequenceEqual(absent))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Notes that there was no such record when the shard had these departures.</summary>
    public void NoteAbsent(byte[] id, long departures) => _absent.Add((id, departures));

    /// <summary>Adds a record to the check.</summary>
    public void Add(Shard shard, ReadOnlySpan<byte> id, ReadOnlySpan<byte> state)
    {
        id.CopyTo(Take(id.Length, out int idStart));
        state.CopyTo(Take(state.Length, out int stateStart));
        NewRecords.Add(new NewRecord(shard, idStart, id.Length, stateStart, state.Length));
    }

    public ReadOnlySpan<byte> IdOf(in NewRecord record) => _bytes.AsSpan(record.IdStart, record.IdLength);

    public ReadOnlySpan<byte> StateOf(in NewRecord record) => _bytes.AsSpan(record.StateStart, record.StateLength);

    /// <summary>Room in the scratch, which stays as it is until the check ends.</summary>
    public Span<byte> Take(int size, out int start)
    {
        if (_bytes.Length < _bytesUsed + size)
        {
            Array.Resize(ref _bytes, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(_bytesUsed + size)));
        }
        start = _bytesUsed;
        _bytesUsed += size;
        return _bytes.AsSpan(start, size);
    }

    /// <summary>Gives back what a <see cref="Take"/> did not need of its end.</summary>
    public void GiveBack(int size) => _bytesUsed -= size;

    /// <summary>Bytes that were taken.</summary>
    public Span<byte> Taken(int start, int size) => _bytes.AsSpan(start, size);

    /// <summary>Finds the levels of a check.</summary>
    /// <param name="table">Where its blocks are.</param>
    /// <param name="command">The check.</param>
    /// <param name="isLeased">The blocks are leased ones (<see cref="Grains.Model.PlanModel.Leased"/>).</param>
    public void Open(KeyTable table, in GrainCommand command, bool isLeased = false)
    {
        BeginAttempt();
        _absent.Clear();
        _levels[0].Open(table, command, isLeased ? command.Plan.Leased : command.Plan, command.IsPlanConfigured, [], command.Key, command.Costs);
        _levelCount = 1;
        // A bulk change may for a moment show more levels than there ever are at rest; those are not looked at.
        for (KeyState? above = command.Above; above is not null && _levelCount < Bounds.LevelsMax; _levelCount++)
        {
            KeyModel key = above.Current;
            var costs = new CostVector(command.Costs[0]);
            command.Named.TryPlace(key.Plan, ref costs);
            _levels[_levelCount].Open(table, command, isLeased ? key.Plan.Leased : key.Plan, true, above.NameUtf8, above.NameUtf8, costs);
            above = key.Above;
        }
        // Every thread takes gates in the order of their shards, so that no two wait for each other.
        _gateCount = 0;
        foreach (CheckLevel level in Levels)
        {
            AddGate(level.Shard);
        }
    }

    /// <summary>Forgets what an attempt that met an obstacle had prepared.</summary>
    public void BeginAttempt()
    {
        NewRecords.Clear();
        _bytesUsed = 0;
    }

    /// <summary>Takes the gates of all levels.</summary>
    public void Enter()
    {
        for (int i = 0; i < _gateCount; i++)
        {
            _gates[i].Gate.Enter();
        }
    }

    public void Exit()
    {
        for (int i = _gateCount - 1; i >= 0; i--)
        {
            _gates[i].Gate.Exit();
        }
    }

    /// <summary>Room for one journal record.</summary>
    public Span<byte> Record(int size)
    {
        if (_record.Length < size)
        {
            _record = new byte[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size)];
        }
        return _record.AsSpan(0, size);
    }

    private void AddGate(Shard shard)
    {
        int at = _gateCount;
        for (; at > 0 && _gates[at - 1].Number >= shard.Number; at--)
        {
            if (ReferenceEquals(_gates[at - 1], shard))
            {
                return;
            }
        }
        _gates.AsSpan(at, _gateCount - at).CopyTo(_gates.AsSpan(at + 1));
        _gates[at] = shard;
        _gateCount++;
    }
}
