using System.Text;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>
/// What the request id of a refund is remembered with (block kind 4). Little-endian, APPEND-ONLY (docs/DATA_FILE.md).
/// <code>
/// i64 forget at ns, u8 version = 2, u8 adjustment, u8 units, 5 bytes 0, u64 fingerprint, u8 month length, month,
/// per unit: u8 name length, name, i64 refunded
/// </code>
/// </summary>
internal static class RememberedRefund
{
    private const byte Version = 2;

    public static byte[] Encode(Refunded refunded, ulong fingerprint, long forgetAtNs)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(forgetAtNs);
        writer.Write([Version, (byte)(refunded.IsAdjustment ? 1 : 0), (byte)refunded.Costs.Count, 0, 0, 0, 0, 0]);
        writer.Write(fingerprint);
        Write(writer, refunded.Month);
        foreach ((string unit, long units) in refunded.Costs)
        {
            Write(writer, unit);
            writer.Write(units);
        }
        return bytes.ToArray();
    }

    public static Refunded Decode(byte[] state, in Instant now)
    {
        Invariant.Check(state[8] == Version);
        using var reader = new BinaryReader(new MemoryStream(state));
        reader.ReadInt64();
        byte[] head = reader.ReadBytes(8);
        reader.ReadUInt64();
        string month = Read(reader);
        var costs = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int i = 0; i < head[2]; i++)
        {
            costs[Read(reader)] = reader.ReadInt64();
        }
        return new Refunded(costs, head[1] != 0, month, true, [], now);
    }

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        writer.Write((byte)utf8.Length);
        writer.Write(utf8);
    }

    private static string Read(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadByte()));
}
