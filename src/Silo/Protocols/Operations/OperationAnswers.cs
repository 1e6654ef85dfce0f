using System.Buffers;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Operations;

/// <summary>
/// Encodes what the operations came to as the messages of <c>quota.v1</c>. Decisions inside them are written by
/// <see cref="CheckResponseWriter"/>, so that they are the same bytes as a check's.
/// </summary>
internal static class OperationAnswers
{
    /// <summary>A <c>ReserveResponse</c>.</summary>
    public static void WriteReservation(IBufferWriter<byte> output, Decision decision, in CheckOptions options, in ReservationHandle reservation)
    {
        WriteDecision(output, ReserveResponse.DecisionFieldNumber, decision, options);
        if (reservation.Exists)
        {
            new ReserveResponse { ReservationId = Id(reservation), ExpiresAtUnixMs = reservation.ExpiresMs }.WriteTo(output);
        }
    }

    /// <summary>A <c>SettleResponse</c>.</summary>
    public static void Write(IBufferWriter<byte> output, Settlement settlement)
    {
        SettleResponse message = new() { Settled = settlement.IsSettled, Limit = settlement.Limit, LimitKey = settlement.LimitKey, Repeat = settlement.IsRepeat };
        message.Costs.Add(new Dictionary<string, long>(settlement.Costs));
        message.Limits.Add(settlement.Limits.Select(l => Status(l, settlement.At)));
        message.WriteTo(output);
    }

    /// <summary>A <c>CancelResponse</c>.</summary>
    public static void Write(IBufferWriter<byte> output, Cancellation cancellation)
    {
        CancelResponse message = new() { Repeat = cancellation.IsRepeat };
        message.Costs.Add(new Dictionary<string, long>(cancellation.Costs));
        message.WriteTo(output);
    }

    /// <summary>A <c>RefundResponse</c>.</summary>
    public static void Write(IBufferWriter<byte> output, Refunded refunded)
    {
        RefundResponse message = new() { Adjustment = refunded.IsAdjustment, Month = refunded.Month, Repeat = refunded.IsRepeat };
        message.Refunded.Add(new Dictionary<string, long>(refunded.Costs));
        message.Limits.Add(refunded.Limits.Select(l => Status(l, refunded.At)));
        message.WriteTo(output);
    }

    /// <summary>An <c>ExplainResponse</c>.</summary>
    public static void Write(IBufferWriter<byte> output, Decision decision, in CheckOptions options, Explanation explanation)
    {
        WriteDecision(output, ExplainResponse.AnswerFieldNumber, decision, options);
        ExplainResponse levels = new();
        foreach (Limiting.ExplainedLevel level in explanation.Levels)
        {
            Contracts.V1.ExplainedLevel message = new() { Key = level.Key, Plan = level.Plan.Name };
            message.Limits.Add(level.Limits.Select(Explained));
            levels.Levels.Add(message);
        }
        levels.WriteTo(output);
    }

    /// <summary>A reservation's id as its caller sends it back: 32 lower-case hexadecimal digits.</summary>
    public static string Id(in ReservationHandle reservation) => reservation.Id.ToString("x32", null);

    private static void WriteDecision(IBufferWriter<byte> output, int field, Decision decision, in CheckOptions options)
    {
        // The field's own tag and length are among what the bound leaves for nesting.
        Span<byte> target = output.GetSpan(CheckResponseWriter.BytesMax(decision, options));
        output.Advance(CheckResponseWriter.WriteField(target, field, decision, options));
    }

    private static LimitStatus Status(LimitLevel level, in Instant at) => new()
    {
        Name = level.Limit.Name,
        Amount = level.Result.Amount,
        Remaining = level.Result.Remaining,
        ResetAfterMs = level.Result.ResetAfterMs,
        ResetAtUnixMs = at.WallMs + level.Result.ResetAfterMs,
        RetryAfterMs = level.Result.Exceeded ? level.Result.RetryAfterMs : 0,
        Exceeded = level.Result.Exceeded,
        Shadow = level.Limit.Mode == Grains.Model.LimitMode.Shadow,
        Unit = level.Limit.Unit == PlanModel.Requests ? "" : level.Limit.Unit,
        Key = level.Key,
    };

    private static Contracts.V1.ExplainedLimit Explained(Limiting.ExplainedLimit limit) => new()
    {
        Name = limit.Limit.Name,
        Unit = limit.Limit.Unit,
        Algorithm = ExplainedNames.Algorithm(limit.Limit),
        Mode = (Contracts.V1.LimitMode)(limit.Limit.Mode == Grains.Model.LimitMode.Shadow ? 1 : 0),
        Applies = limit.Applies,
        Why = limit.Why,
        Amount = limit.Amount,
        Used = limit.Used,
        Remaining = ExplainedNames.Remaining(limit),
        WindowStartUnixMs = limit.WindowStartMs,
        WindowEndUnixMs = limit.WindowEndMs,
        RolledOver = limit.RolledOver,
        InitialOffset = limit.InitialOffset,
    };
}
