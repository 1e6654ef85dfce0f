using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// What a reservation holds, or how it ended (block kind 5). Everything of a reservation belongs to the instant it was made at.
/// Little-endian, APPEND-ONLY (golden test: RecordGoldenTests; docs/DATA_FILE.md).
/// <code>
/// i64 forget at ns, u8 version = 1, u8 state (ReservationPhase), u8 settles when expired, u8 units, u8 levels,
/// u8 1 if it is counted in the key's tally (shared stores), 2 bytes 0,
/// i64 window ns and i64 wall ms it was made at, i64 expires ns
/// per unit:  u8 name length, name, i64 estimate, i64 settled
/// per level: u16 length, id of the key's own block
/// u16 parts, per part: u8 level, u8 unit, u8 limit name length, limit, u16 length, id of the limit's value block (0: none), i64 held,
///            i64 window ns and i64 wall ms they were counted at
/// </code>
/// </summary>
internal sealed class ReservationState
{
    private const byte Version = 1;
    private const int HeadBytes = 40;
    private bool _isTallied;

    public long ForgetAtNs { get; set; } = RecordHead.Never;

    public ReservationPhase Phase { get; set; } = ReservationPhase.Open;

    public bool SettlesWhenExpired { get; private set; }

    /// <summary>When it was made: its units are counted at this instant.</summary>
    public Instant MadeAt { get; private set; }

    /// <summary>When it expires, on the window scale.</summary>
    public long ExpiresAtNs { get; set; }

    public List<ReservedUnit> Units { get; } = [];

    /// <summary>By level: id of the key's own block.</summary>
    public List<byte[]> KeyIds { get; } = [];

    public List<ReservedPart> Parts { get; } = [];

    /// <summary>The reservation id of 16 bytes as a number.</summary>
    public static UInt128 IdOf(ReadOnlySpan<byte> name) => BinaryPrimitives.ReadUInt128BigEndian(name);

    /// <summary>When the reservation of this record expires.</summary>
    public static long ExpiresNs(ReadOnlySpan<byte> state) => BinaryPrimitives.ReadInt64LittleEndian(state[32..]);

    /// <summary>Whether the reservation of this record is open.</summary>
    public static bool IsOpen(ReadOnlySpan<byte> state) => (ReservationPhase)state[9] == ReservationPhase.Open;

    /// <summary>Whether the reservation of this record is counted in the tally of its key as long as it is open.</summary>
    public static bool IsTallied(ReadOnlySpan<byte> state) => state[13] != 0;

    /// <summary>What a check that was accepted on all levels holds.</summary>
    public static ReservationState Of(CheckScratch scratch, in GrainCommand command, in ReservationTerms hold, bool isTallied = false)
    {
        var state = new ReservationState
        {
            _isTallied = isTallied,
            SettlesWhenExpired = hold.SettlesWhenExpired ?? command.Namespace.SettlesExpired,
            MadeAt = command.Now,
            ExpiresAtNs = command.Now.WindowNs + (RequestMemory.TtlMs(hold) * 1_000_000),
        };
        for (int unit = 0; unit < command.Plan.Units.Length; unit++)
        {
            if (command.Costs[unit] != CostVector.NotNamed)
            {
                state.Units.Add(new ReservedUnit(command.Plan.Units[unit], command.Costs[unit], 0));
            }
        }
        state.AddParts(scratch);
        return state;
    }

    /// <summary>Notes what the check counted, and the limits of units that were named without a cost: a settlement may count on them.</summary>
    private void AddParts(CheckScratch scratch)
    {
        for (int i = 0; i < scratch.Levels.Length; i++)
        {
            CheckLevel level = scratch.Levels[i];
            KeyIds.Add(level.KeyId.ToArray());
            for (uint rest = level.Applicable; rest != 0; rest &= rest - 1)
            {
                int limit = BitOperations.TrailingZeroCount(rest);
                int unit = level.Plan.UnitOf(limit);
                if (level.Costs[unit] > 0 && (level.Verdict.CountMask >> limit & 1) == 0)
                {
                    // A limit in shadow mode that had no room has counted nothing, and will not.
                    continue;
                }
                byte[] valueId = (level.Plan.PerMask >> limit & 1) != 0 ? level.Shard.Id(level.ValueBlocks[limit]).ToArray() : [];
                int reserved = Units.FindIndex(u => string.Equals(u.Name, level.Plan.Units[unit], StringComparison.Ordinal));
                Parts.Add(new ReservedPart(i, reserved, level.Plan.Limits[limit].Name, valueId, level.Costs[unit], MadeAt));
            }
        }
    }

    public byte[] Encode()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(ForgetAtNs);
        writer.Write([Version, (byte)Phase, (byte)(SettlesWhenExpired ? 1 : 0), (byte)Units.Count, (byte)KeyIds.Count, (byte)(_isTallied ? 1 : 0), 0, 0]);
        writer.Write(MadeAt.WindowNs);
        writer.Write(MadeAt.WallMs);
        writer.Write(ExpiresAtNs);
        foreach (ReservedUnit unit in Units)
        {
            WriteName(writer, unit.Name);
            writer.Write(unit.Estimate);
            writer.Write(unit.Settled);
        }
        foreach (byte[] id in KeyIds)
        {
            writer.Write((ushort)id.Length);
            writer.Write(id);
        }
        writer.Write((ushort)Parts.Count);
        foreach (ReservedPart part in Parts)
        {
            writer.Write((byte)part.Level);
            writer.Write((byte)part.Unit);
            WriteName(writer, part.Limit);
            writer.Write((ushort)part.ValueId.Length);
            writer.Write(part.ValueId);
            writer.Write(part.Held);
            writer.Write(part.At.WindowNs);
            writer.Write(part.At.WallMs);
        }
        return bytes.ToArray();
    }

    public static ReservationState Decode(ReadOnlySpan<byte> state)
    {
        Invariant.Check(state.Length >= HeadBytes && state[8] == Version);
        using var reader = new BinaryReader(new MemoryStream(state.ToArray()));
        var decoded = new ReservationState { ForgetAtNs = reader.ReadInt64() };
        ReadOnlySpan<byte> flags = reader.ReadBytes(8);
        decoded.Phase = (ReservationPhase)flags[1];
        decoded.SettlesWhenExpired = flags[2] != 0;
        decoded._isTallied = flags[5] != 0;
        decoded.MadeAt = new Instant(reader.ReadInt64(), reader.ReadInt64());
        decoded.ExpiresAtNs = reader.ReadInt64();
        for (int i = 0; i < flags[3]; i++)
        {
            decoded.Units.Add(new ReservedUnit(ReadName(reader), reader.ReadInt64(), reader.ReadInt64()));
        }
        for (int i = 0; i < flags[4]; i++)
        {
            decoded.KeyIds.Add(reader.ReadBytes(reader.ReadUInt16()));
        }
        int parts = reader.ReadUInt16();
        for (int i = 0; i < parts; i++)
        {
            decoded.Parts.Add(new ReservedPart(reader.ReadByte(), reader.ReadByte(), ReadName(reader), reader.ReadBytes(reader.ReadUInt16()), reader.ReadInt64(), new Instant(reader.ReadInt64(), reader.ReadInt64())));
        }
        return decoded;
    }

    private static void WriteName(BinaryWriter writer, string name)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        writer.Write((byte)utf8.Length);
        writer.Write(utf8);
    }

    private static string ReadName(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadByte()));
}
