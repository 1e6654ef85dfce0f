using System.Text;
using System.Text.Json;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Json;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Operations;

/// <summary>
/// Writes what the operations came to as JSON, in the way of <see cref="JsonCheckWriter"/>: camelCase, 64-bit integers as numbers,
/// names left out where they are empty and <c>repeat</c> where it is false.
/// </summary>
internal static class JsonOperationWriter
{
    public static void WriteReservation(Utf8JsonWriter json, Decision decision, in CheckOptions options, in ReservationHandle reservation)
    {
        json.WriteStartObject();
        json.WritePropertyName("decision"u8);
        JsonCheckWriter.Write(json, decision, options);
        if (reservation.Exists)
        {
            json.WriteString("reservationId"u8, OperationAnswers.Id(reservation));
            json.WriteNumber("expiresAtUnixMs"u8, reservation.ExpiresMs);
        }
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, Extension extension) =>
        WriteReservation(json, extension.Decision, default, extension.Reservation);

    public static void Write(Utf8JsonWriter json, Settlement settlement)
    {
        json.WriteStartObject();
        json.WriteBoolean("settled"u8, settlement.IsSettled);
        WriteName(json, "limit"u8, settlement.Limit);
        WriteName(json, "limitKey"u8, settlement.LimitKey);
        WriteCosts(json, "costs"u8, settlement.Costs);
        WriteRepeat(json, settlement.IsRepeat);
        WriteLimits(json, settlement.Limits, settlement.At);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, Cancellation cancellation)
    {
        json.WriteStartObject();
        WriteCosts(json, "costs"u8, cancellation.Costs);
        WriteRepeat(json, cancellation.IsRepeat);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, Refunded refunded)
    {
        json.WriteStartObject();
        WriteCosts(json, "refunded"u8, refunded.Costs);
        json.WriteBoolean("adjustment"u8, refunded.IsAdjustment);
        WriteName(json, "month"u8, refunded.Month);
        WriteRepeat(json, refunded.IsRepeat);
        WriteLimits(json, refunded.Limits, refunded.At);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, Decision decision, in CheckOptions options, Explanation explanation)
    {
        json.WriteStartObject();
        json.WritePropertyName("answer"u8);
        JsonCheckWriter.Write(json, decision, options);
        json.WriteStartArray("levels"u8);
        foreach (ExplainedLevel level in explanation.Levels)
        {
            json.WriteStartObject();
            WriteName(json, "key"u8, level.Key);
            json.WriteString("plan"u8, level.Plan.Name);
            json.WriteStartArray("limits"u8);
            foreach (ExplainedLimit limit in level.Limits)
            {
                WriteLimit(json, limit);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteLimit(Utf8JsonWriter json, ExplainedLimit limit)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, limit.Limit.NameUtf8);
        json.WriteString("unit"u8, limit.Limit.UnitUtf8);
        json.WriteString("algorithm"u8, ExplainedNames.Algorithm(limit.Limit));
        json.WriteString("mode"u8, limit.Limit.Mode == LimitMode.Shadow ? "LIMIT_MODE_SHADOW"u8 : "LIMIT_MODE_ENFORCE"u8);
        json.WriteBoolean("applies"u8, limit.Applies);
        json.WriteString("why"u8, limit.Why);
        json.WriteNumber("amount"u8, limit.Amount);
        json.WriteNumber("used"u8, limit.Used);
        json.WriteNumber("remaining"u8, ExplainedNames.Remaining(limit));
        json.WriteNumber("windowStartUnixMs"u8, limit.WindowStartMs);
        json.WriteNumber("windowEndUnixMs"u8, limit.WindowEndMs);
        json.WriteNumber("rolledOver"u8, limit.RolledOver);
        json.WriteNumber("initialOffset"u8, limit.InitialOffset);
        json.WriteEndObject();
    }

    private static void WriteLimits(Utf8JsonWriter json, IReadOnlyList<LimitLevel> limits, in Instant at)
    {
        json.WriteStartArray("limits"u8);
        foreach (LimitLevel level in limits)
        {
            JsonCheckWriter.WriteStatus(json, level.Limit, level.Result, Encoding.UTF8.GetBytes(level.Key), at);
        }
        json.WriteEndArray();
    }

    private static void WriteCosts(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyDictionary<string, long> costs)
    {
        json.WriteStartObject(name);
        foreach ((string unit, long units) in costs)
        {
            json.WriteNumber(unit, units);
        }
        json.WriteEndObject();
    }

    private static void WriteName(Utf8JsonWriter json, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length > 0)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteRepeat(Utf8JsonWriter json, bool repeat)
    {
        if (repeat)
        {
            json.WriteBoolean("repeat"u8, true);
        }
    }
}
