using System.Diagnostics.CodeAnalysis;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Execution;
using Quota.Silo.Limiting;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// A check on its way to the silo that owns its key's partition. Little-endian, APPEND-ONLY (golden test: ForwardingGoldenTests).
/// <code>
/// a batch:   u8 version = 1, 3 bytes 0, u32 checks, then per check: u32 length of what follows, the check
/// a check:   u32 partition, i64 the partition's epoch as the sender knows it (0: not at all),
///            u8 flags (1 peek, 2 holds, 4 says what happens to the hold at its end, 8 it is settled then),
///            u8 namespace length, u16 key length, u8 plan length, u8 request id length, u8 costs, u8 attributes, u8 levels,
///            3 bytes 0, i64 cost in requests, i64 time to live of the hold ms,
///            per level: u64 fingerprint of the plan that the sender has for it (<see cref="PlanFingerprint"/>)
///            namespace, key, plan (only if the request named it), request id
///            per cost in another unit: u8 name length, i64 units, name
///            per attribute: u8 name length, u16 value length, name, value
/// </code>
/// What a later version adds to a check stands at its end, where this one does not look. A silo that does not know the version of
/// a batch says so and does nothing.
/// </summary>
[SuppressMessage("Performance", "CA1815", Justification = "A ref struct is never compared.")]
internal readonly ref struct ForwardedCheck
{
    public const byte Version = 1;
    public const int BatchHeadBytes = 8;
    private const int HeadBytes = 40;
    private const int Peek = 1;
    private const int Holds = 2;
    private const int SaysEnd = 4;
    private const int SettlesAtEnd = 8;

    public int Partition { get; private init; }

    public long Epoch { get; private init; }

    public bool IsPeek { get; private init; }

    public ReservationTerms? Hold { get; private init; }

    public ReadOnlySpan<byte> Namespace { get; private init; }

    public ReadOnlySpan<byte> Key { get; private init; }

    public ReadOnlySpan<byte> Plan { get; private init; }

    public ReadOnlySpan<byte> RequestId { get; private init; }

    public long Cost { get; private init; }

    public NamedCosts Named { get; private init; }

    public AttributeSet Attributes { get; private init; }

    /// <summary>By level, the fingerprint of the sender's plan.</summary>
    public ReadOnlySpan<ulong> Fingerprints { get; private init; }

    /// <summary>The head of a batch.</summary>
    public static void WriteBatchHead(Span<byte> target, int checks)
    {
        WireWriter writer = new(target);
        writer.Byte(Version);
        writer.Skip(3);
        writer.UInt32(checks);
    }

    /// <summary>Bytes of a check in a batch.</summary>
    public static int Size(in GrainCommand command, int levels)
    {
        int size = sizeof(int) + HeadBytes + (levels * sizeof(ulong)) + command.Namespace.NameUtf8.Length + command.Key.Length + command.RequestId.Length;
        size += command.IsPlanConfigured ? 0 : System.Text.Encoding.UTF8.GetByteCount(command.Plan.Name);
        for (int i = 0; i < command.Named.Count; i++)
        {
            size += 1 + sizeof(long) + command.Named.Name(i).Length;
        }
        for (int i = 0; i < command.Attributes.Count; i++)
        {
            size += 3 + command.Attributes.Name(i).Length + command.Attributes.Value(i).Length;
        }
        return size;
    }

    /// <summary>Writes a check, its length before it; returns how many bytes that were.</summary>
    /// <param name="target">At least <see cref="Size"/>.</param>
    /// <param name="command">The check.</param>
    /// <param name="partition">Its key's.</param>
    /// <param name="epoch">Of the partition, as known here.</param>
    /// <param name="levels">The plans here, by level.</param>
    public static int Write(Span<byte> target, in GrainCommand command, int partition, long epoch, ReadOnlySpan<PlanModel> levels)
    {
        WireWriter writer = new(target);
        writer.Skip(sizeof(int));
        writer.UInt32(partition);
        writer.Int64(epoch);
        writer.Byte((command.IsPeek ? Peek : 0) | (command.Hold is { } hold ? Holds | (hold.SettlesWhenExpired is { } settles ? SaysEnd | (settles ? SettlesAtEnd : 0) : 0) : 0));
        writer.Byte(command.Namespace.NameUtf8.Length);
        writer.UInt16(command.Key.Length);
        Span<byte> plan = stackalloc byte[Bounds.NameBytesMax];
        plan = command.IsPlanConfigured ? default : plan[..System.Text.Encoding.UTF8.GetBytes(command.Plan.Name, plan)];
        writer.Byte(plan.Length);
        writer.Byte(command.RequestId.Length);
        writer.Byte(command.Named.Count);
        writer.Byte(command.Attributes.Count);
        writer.Byte(levels.Length);
        writer.Skip(3);
        writer.Int64(command.Costs[0]);
        writer.Int64(command.Hold?.TtlMs ?? 0);
        foreach (PlanModel level in levels)
        {
            writer.UInt64(PlanFingerprint.Of(level));
        }
        writer.Bytes(command.Namespace.NameUtf8);
        writer.Bytes(command.Key);
        writer.Bytes(plan);
        writer.Bytes(command.RequestId);
        WriteLists(ref writer, command);
        writer.Length(0);
        return writer.Position;
    }

    /// <summary>Reads a check, without the length before it. False if the bytes are none, or out of the bounds of a check.</summary>
    /// <param name="bytes">Stay as they are for as long as the check is used.</param>
    /// <param name="ranges">Takes the attributes; at least <see cref="Bounds.AttributesMax"/>.</param>
    /// <param name="costs">Takes the costs; at least <see cref="Bounds.UnitsMax"/>.</param>
    /// <param name="fingerprints">Takes the fingerprints; at least <see cref="Bounds.LevelsMax"/>.</param>
    /// <param name="check">The check.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, Span<AttributeRange> ranges, Span<NamedCost> costs, Span<ulong> fingerprints, out ForwardedCheck check)
    {
        WireReader reader = new(bytes);
        int partition = reader.UInt32();
        long epoch = reader.Int64();
        int flags = reader.Byte();
        int owner = reader.Byte();
        int key = reader.UInt16();
        int plan = reader.Byte();
        int requestId = reader.Byte();
        int costCount = reader.Byte();
        int attributes = reader.Byte();
        int levels = reader.Byte();
        reader.Bytes(3);
        long cost = reader.Int64();
        long ttlMs = reader.Int64();
        check = default;
        if (reader.Failed || levels > Bounds.LevelsMax || costCount > Bounds.UnitsMax || attributes > Bounds.AttributesMax)
        {
            return false;
        }
        for (int i = 0; i < levels; i++)
        {
            fingerprints[i] = reader.UInt64();
        }
        check = new ForwardedCheck
        {
            Partition = partition,
            Epoch = epoch,
            IsPeek = (flags & Peek) != 0,
            Hold = (flags & Holds) != 0 ? new ReservationTerms(ttlMs, (flags & SaysEnd) != 0 ? (flags & SettlesAtEnd) != 0 : null) : null,
            Cost = cost,
            Fingerprints = fingerprints[..levels],
            Namespace = reader.Bytes(owner),
            Key = reader.Bytes(key),
            Plan = reader.Bytes(plan),
            RequestId = reader.Bytes(requestId),
            Named = ReadCosts(ref reader, bytes, costs[..costCount]),
            Attributes = ReadAttributes(ref reader, bytes, ranges[..attributes]),
        };
        return !reader.Failed;
    }

    private static void WriteLists(ref WireWriter writer, in GrainCommand command)
    {
        for (int i = 0; i < command.Named.Count; i++)
        {
            writer.Byte(command.Named.Name(i).Length);
            writer.Int64(command.Named.Units(i));
            writer.Bytes(command.Named.Name(i));
        }
        for (int i = 0; i < command.Attributes.Count; i++)
        {
            writer.Byte(command.Attributes.Name(i).Length);
            writer.UInt16(command.Attributes.Value(i).Length);
            writer.Bytes(command.Attributes.Name(i));
            writer.Bytes(command.Attributes.Value(i));
        }
    }

    private static NamedCosts ReadCosts(scoped ref WireReader reader, ReadOnlySpan<byte> bytes, Span<NamedCost> costs)
    {
        foreach (ref NamedCost cost in costs)
        {
            int length = reader.Byte();
            long units = reader.Int64();
            cost = new NamedCost(reader.Position, length, units);
            reader.Bytes(length);
        }
        return new NamedCosts(bytes, costs);
    }

    private static AttributeSet ReadAttributes(scoped ref WireReader reader, ReadOnlySpan<byte> bytes, Span<AttributeRange> ranges)
    {
        foreach (ref AttributeRange range in ranges)
        {
            int name = reader.Byte();
            int value = reader.UInt16();
            range = new AttributeRange(reader.Position, name, reader.Position + name, value);
            reader.Bytes(name + value);
        }
        return new AttributeSet(bytes, ranges);
    }
}
