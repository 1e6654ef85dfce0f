using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Events;

/// <summary>
/// The record of one event, as it is kept in memory, journal and store. Little-endian, APPEND-ONLY (golden test:
/// ThresholdEventGoldenTests); a reader takes bytes behind those it knows for fields of a later version.
/// <code>
///  0  i64 forget at: the record may be forgotten from here, ns on the window scale
///  8  u8 version = 1, u8 state, u16 attempts, u16 threshold percent, u16 attributes
/// 16  i64 next attempt ns, i64 ended at ms                              (8 to 12 and 16 to 32 are the delivery)
/// 32  i64 amount, i64 used, i64 period start ms, i64 period end ms, i64 at ms
/// 72  namespace, key, plan, limit, unit, then per attribute its name and value: each as u16 length and UTF-8
/// </code>
/// A delivery's fields have fixed places, so that a record keeps its length for life.
/// </summary>
public static class ThresholdEventRecord
{
    private const byte Version = 1;
    private const int TextAt = 72;
    private const int TextsMax = 5;

    /// <summary>Largest record.</summary>
    public const int BytesMax = TextAt + (TextsMax * sizeof(ushort)) + (4 * Bounds.NameBytesMax) + Bounds.KeyBytesMax
        + (Bounds.PerAttributesMax * ((2 * sizeof(ushort)) + Bounds.AttributeNameBytesMax + Bounds.AttributeValueBytesMax));

    /// <summary>Writes a record.</summary>
    /// <param name="target">At least <see cref="BytesMax"/> bytes.</param>
    /// <param name="forgetAtNs">
    /// From when the record may be forgotten, on the window scale: at least <see cref="Bounds.EventKeptMsMin"/> after it was
    /// raised, and not before a counter could reach the threshold again in the same period.
    /// </param>
    /// <param name="content">The event.</param>
    /// <param name="delivery">How far its delivery is.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> target, long forgetAtNs, ThresholdEvent content, in EventDelivery delivery)
    {
        Invariant.Check(content.ThresholdPercent is >= 1 and <= Bounds.ThresholdPercentMax);
        Invariant.Check(content.Attributes.Count <= Bounds.PerAttributesMax);
        BinaryPrimitives.WriteInt64LittleEndian(target, forgetAtNs);
        target[8] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(target[12..], (ushort)content.ThresholdPercent);
        BinaryPrimitives.WriteUInt16LittleEndian(target[14..], (ushort)content.Attributes.Count);
        WriteDelivery(target, delivery);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], content.Amount);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], content.Used);
        BinaryPrimitives.WriteInt64LittleEndian(target[48..], content.PeriodStartMs);
        BinaryPrimitives.WriteInt64LittleEndian(target[56..], content.PeriodEndMs);
        BinaryPrimitives.WriteInt64LittleEndian(target[64..], content.AtMs);
        int n = TextAt;
        n += WriteText(target[n..], content.Namespace, Bounds.NameBytesMax);
        n += WriteText(target[n..], content.Key, Bounds.KeyBytesMax);
        n += WriteText(target[n..], content.Plan, Bounds.NameBytesMax);
        n += WriteText(target[n..], content.Limit, Bounds.NameBytesMax);
        n += WriteText(target[n..], content.Unit, Bounds.NameBytesMax);
        foreach ((string name, string value) in content.Attributes)
        {
            n += WriteText(target[n..], name, Bounds.AttributeNameBytesMax);
            n += WriteText(target[n..], value, Bounds.AttributeValueBytesMax);
        }
        return n;
    }

    /// <summary>Puts another delivery into a record.</summary>
    public static void WriteDelivery(Span<byte> record, in EventDelivery delivery)
    {
        Invariant.Check(delivery.Attempts is >= 0 and <= Bounds.EventAttemptsMax);
        record[9] = (byte)delivery.State;
        BinaryPrimitives.WriteUInt16LittleEndian(record[10..], (ushort)delivery.Attempts);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], delivery.NextAttemptNs);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], delivery.EndedAtMs);
    }

    /// <summary>Reads the delivery alone, which is all that a start needs; false if the bytes are no such record.</summary>
    public static bool TryReadDelivery(ReadOnlySpan<byte> record, out EventDelivery delivery)
    {
        delivery = default;
        if (record.Length < TextAt || record[8] < Version || record[9] > (byte)EventState.LoggedOnly)
        {
            return false;
        }
        int attempts = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
        long nextAttemptNs = BinaryPrimitives.ReadInt64LittleEndian(record[16..]);
        long endedAtMs = BinaryPrimitives.ReadInt64LittleEndian(record[24..]);
        if (attempts > Bounds.EventAttemptsMax || !Instant.IsInBounds(nextAttemptNs, endedAtMs))
        {
            return false;
        }
        delivery = new EventDelivery((EventState)record[9], attempts, nextAttemptNs, endedAtMs);
        return true;
    }

    /// <summary>Reads a record; false if the bytes are none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> record, out ThresholdEvent? content, out EventDelivery delivery)
    {
        content = null;
        if (!TryReadDelivery(record, out delivery))
        {
            return false;
        }
        int threshold = BinaryPrimitives.ReadUInt16LittleEndian(record[12..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(record[14..]);
        if (threshold is < 1 or > Bounds.ThresholdPercentMax || count > Bounds.PerAttributesMax)
        {
            return false;
        }
        ReadOnlySpan<byte> rest = record[TextAt..];
        string[] texts = new string[TextsMax + (2 * count)];
        foreach (ref string text in texts.AsSpan())
        {
            if (!TryReadText(ref rest, out text))
            {
                return false;
            }
        }
        content = new ThresholdEvent
        {
            Namespace = texts[0],
            Key = texts[1],
            Plan = texts[2],
            Limit = texts[3],
            Unit = texts[4],
            Attributes = [.. Enumerable.Range(0, count).Select(i => KeyValuePair.Create(texts[TextsMax + (2 * i)], texts[TextsMax + (2 * i) + 1]))],
            ThresholdPercent = threshold,
            Amount = BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
            Used = BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
            PeriodStartMs = BinaryPrimitives.ReadInt64LittleEndian(record[48..]),
            PeriodEndMs = BinaryPrimitives.ReadInt64LittleEndian(record[56..]),
            AtMs = BinaryPrimitives.ReadInt64LittleEndian(record[64..]),
        };
        return AreTimes(content);
    }

    /// <summary>Times outside of what a calendar can show would be found only when the event is sent.</summary>
    private static bool AreTimes(ThresholdEvent content) =>
        Instant.IsInBounds(0, content.AtMs) && IsDate(content.PeriodStartMs) && IsDate(content.PeriodEndMs);

    private static bool IsDate(long ms) => ms >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private static int WriteText(Span<byte> target, string text, int bytesMax)
    {
        int n = Encoding.UTF8.GetBytes(text, target[sizeof(ushort)..]);
        Invariant.Check(n <= bytesMax);
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)n);
        return sizeof(ushort) + n;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (rest.Length < sizeof(ushort))
        {
            return false;
        }
        int length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (rest.Length < sizeof(ushort) + length || !Utf8.IsValid(rest.Slice(sizeof(ushort), length)))
        {
            return false;
        }
        text = Encoding.UTF8.GetString(rest.Slice(sizeof(ushort), length));
        rest = rest[(sizeof(ushort) + length)..];
        return true;
    }
}
