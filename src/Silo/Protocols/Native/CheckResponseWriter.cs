using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Headers;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// Encodes a decision as <c>quota.v1.CheckQuotaResponse</c> or <c>CheckQuotaResult</c>, byte for byte as Google's writer does,
/// allocating nothing. The caller provides <see cref="BytesMax"/> bytes. Golden bytes: WireGoldenTests.
/// <para>A nested message is written behind one byte for its length, and moved up if its length needs more.</para>
/// </summary>
internal ref struct CheckResponseWriter : IHeaderSink
{
    // What stands before nested messages: a tag, and up to four bytes of length for each of the three levels.
    private const int NestingBytesMax = 3 * 5;

    // A status: tag and length, name and unit with a tag and a length byte each, five numbers, two flags. Its length needs a
    // second byte where name and unit are long.
    private const int LimitStatusBytesMax = 1 + 2 + (2 + Bounds.NameBytesMax) + (2 + Bounds.UnitBytesMax) + (5 * NumberBytesMax) + (2 * 2);

    // A key: a tag and two bytes of length. In a status only where the limit is a parent's.
    private const int KeyFieldBytesMax = 1 + 2 + Bounds.KeyBytesMax;

    // Limit and plan, three flags or enums (allowed, treatment, repeat) and the reason, two numbers, the deciding key.
    private const int HeadBytesMax = NestingBytesMax + (2 * (2 + Bounds.NameBytesMax)) + (4 * 2) + (2 * NumberBytesMax) + KeyFieldBytesMax;
    private const int HeaderOverheadBytesMax = 256;
    private const int ErrorBytesMax = 4096;

    /// <summary>Room for <see cref="WriteNumber"/>.</summary>
    public const int NumberBytesMax = 11;

    private readonly Span<byte> _bytes;
    private int _position;

    private CheckResponseWriter(Span<byte> bytes) => _bytes = bytes;

    /// <summary>Room that is always enough for this decision, result and error forms included.</summary>
    public static int BytesMax(Decision decision, in CheckOptions options)
    {
        if (decision.Status != DecisionStatus.Decided)
        {
            return ErrorBytesMax;
        }
        int limits = decision.Results.Length;
        int bytes = HeadBytesMax;
        if (!options.VerdictOnly)
        {
            bytes += (limits * LimitStatusBytesMax) + (ResultsAbove(decision.Results) * KeyFieldBytesMax);
        }
        if (options.Headers != HeaderDialect.None)
        {
            bytes += HeaderOverheadBytesMax + (limits * 2 * RateLimitHeaders.LimitBytesMax);
        }
        return bytes;
    }

    /// <summary>Writes a response; returns its length. The decision must be decided.</summary>
    public static int WriteResponse(Span<byte> target, Decision decision, in CheckOptions options)
    {
        CheckResponseWriter writer = new(target);
        writer.Response(decision, options);
        return writer._position;
    }

    /// <summary>Writes a response as the message field <paramref name="field"/>; returns its length. The decision must be decided.</summary>
    public static int WriteField(Span<byte> target, int field, Decision decision, in CheckOptions options)
    {
        CheckResponseWriter writer = new(target);
        int response = writer.Begin(field);
        writer.Response(decision, options);
        writer.End(response);
        return writer._position;
    }

    /// <summary>Writes one result as an element of the repeated field <paramref name="field"/>; returns its length.</summary>
    public static int WriteResult(Span<byte> target, int field, Decision decision, in CheckOptions options)
    {
        CheckResponseWriter writer = new(target);
        int result = writer.Begin(field);
        if (decision.Status == DecisionStatus.Decided)
        {
            int response = writer.Begin(1);
            writer.Response(decision, options);
            writer.End(response);
        }
        else
        {
            int error = writer.Begin(2);
            writer.Error(decision);
            writer.End(error);
        }
        writer.End(result);
        return writer._position;
    }

    /// <summary>Writes one unsigned number, if it is not 0; returns its length.</summary>
    public static int WriteNumber(Span<byte> target, int field, ulong value)
    {
        CheckResponseWriter writer = new(target);
        writer.Number(field, (long)value);
        return writer._position;
    }

    /// <summary>Adds a <c>Header</c> of the response.</summary>
    public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        int header = Begin(8);
        Bytes(1, name);
        Bytes(2, value);
        End(header);
    }

    private void Response(Decision decision, in CheckOptions options)
    {
        PlanModel? plan = decision.Plan;
        Flag(1, decision.Allowed);
        Number(2, (long)decision.Reason);
        Bytes(3, DecidingLimit.Name(decision));
        if (!options.VerdictOnly)
        {
            foreach (ref readonly LimitResult result in decision.Results)
            {
                Status(decision, result);
            }
        }
        if (plan is not null)
        {
            Text(5, plan.Name);
        }
        Number(6, (long)decision.KeyTreatment);
        Number(7, RateLimitHeaders.RetryAfterMs(decision));
        RateLimitHeaders.Write(decision, options.Headers, ref this);
        Flag(9, decision.IsRepeat);
        Bytes(10, DecidingLimit.Key(decision));
        if (!options.VerdictOnly)
        {
            Number(11, decision.At.WallMs);
        }
    }

    private void Status(Decision decision, in LimitResult result)
    {
        LimitModel limit = decision.LimitOf(result);
        int status = Begin(4);
        Bytes(1, limit.NameUtf8);
        Number(2, result.Amount);
        Number(3, result.Remaining);
        Number(4, result.ResetAfterMs);
        Number(5, decision.At.WallMs + result.ResetAfterMs);
        Number(6, result.Exceeded ? result.RetryAfterMs : 0);
        Flag(7, result.Exceeded);
        Flag(8, limit.Mode == LimitMode.Shadow);
        if (limit.Unit != PlanModel.Requests)
        {
            Bytes(9, limit.UnitUtf8);
        }
        Bytes(10, decision.KeyOf(result.Level));
        End(status);
    }

    private void Error(Decision decision)
    {
        Number(1, (long)DecisionErrors.Code(decision.Status));
        Text(2, decision.ErrorField);
        Text(3, DecisionErrors.Message(decision));
    }

    private static int ResultsAbove(ReadOnlySpan<LimitResult> results)
    {
        int above = 0;
        foreach (ref readonly LimitResult result in results)
        {
            above += result.Level > 0 ? 1 : 0;
        }
        return above;
    }

    private int Begin(int field)
    {
        _bytes[_position++] = (byte)((field << 3) | 2);
        return ++_position;
    }

    private void End(int start)
    {
        int length = _position - start;
        if (length < 0x80)
        {
            _bytes[start - 1] = (byte)length;
            return;
        }
        int extra = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3;
        _bytes.Slice(start, length).CopyTo(_bytes[(start + extra)..]);
        _position = start - 1;
        Varint((ulong)length);
        _position += length;
    }

    private void Bytes(int field, scoped ReadOnlySpan<byte> value)
    {
        if (value.Length > 0)
        {
            _bytes[_position++] = (byte)((field << 3) | 2);
            Varint((ulong)value.Length);
            value.CopyTo(_bytes[_position..]);
            _position += value.Length;
        }
    }

    private void Text(int field, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            int start = Begin(field);
            _position += Encoding.UTF8.GetBytes(value, _bytes[_position..]);
            End(start);
        }
    }

    private void Number(int field, long value)
    {
        if (value != 0)
        {
            _bytes[_position++] = (byte)(field << 3);
            Varint((ulong)value);
        }
    }

    private void Flag(int field, bool value) => Number(field, value ? 1 : 0);

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _bytes[_position++] = (byte)(value | 0x80);
            value >>= 7;
        }
        _bytes[_position++] = (byte)value;
    }
}
