using System.Text.Json;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Headers;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Json;

/// <summary>
/// Writes a decision as JSON: the fields of <c>quota.v1.CheckQuotaResponse</c> in camelCase, enums by name. 64-bit integers are
/// numbers, because every amount fits a double exactly and every caller expects numbers. <c>limit</c>, <c>limitKey</c>,
/// <c>plan</c>, <c>repeat</c>, and a status's <c>unit</c> and <c>key</c> are left out where they are empty or false.
/// </summary>
internal static class JsonCheckWriter
{
    private static readonly string[] Reasons =
        ["REASON_UNSPECIFIED", "REASON_WITHIN_LIMITS", "REASON_LIMIT_EXCEEDED", "REASON_UNKNOWN_KEY", "REASON_FAILURE_POLICY", "REASON_KEY_DISABLED"];

    private static readonly string[] Treatments =
    [
        "KEY_TREATMENT_UNSPECIFIED", "KEY_TREATMENT_KNOWN", "KEY_TREATMENT_PLAN_FROM_REQUEST", "KEY_TREATMENT_DEFAULT_PLAN",
        "KEY_TREATMENT_UNKNOWN_ALLOWED", "KEY_TREATMENT_UNKNOWN_DENIED",
    ];

    /// <summary>Writes the object; the decision must be decided.</summary>
    public static void Write(Utf8JsonWriter json, Decision decision, in CheckOptions options)
    {
        json.WriteStartObject();
        json.WriteBoolean("allowed"u8, decision.Allowed);
        json.WriteString("reason"u8, Reasons[(int)decision.Reason]);
        if (DecidingLimit.Name(decision) is { IsEmpty: false } name)
        {
            json.WriteString("limit"u8, name);
        }
        if (!options.VerdictOnly)
        {
            WriteLimits(json, decision);
        }
        if (decision.Plan is { } plan)
        {
            json.WriteString("plan"u8, plan.Name);
        }
        json.WriteString("keyTreatment"u8, Treatments[(int)decision.KeyTreatment]);
        json.WriteNumber("retryAfterMs"u8, RateLimitHeaders.RetryAfterMs(decision));
        if (options.Headers != HeaderDialect.None)
        {
            json.WriteStartArray("headers"u8);
            JsonHeaderSink sink = new(json);
            RateLimitHeaders.Write(decision, options.Headers, ref sink);
            json.WriteEndArray();
        }
        if (decision.IsRepeat)
        {
            json.WriteBoolean("repeat"u8, true);
        }
        if (DecidingLimit.Key(decision) is { IsEmpty: false } key)
        {
            json.WriteString("limitKey"u8, key);
        }
        if (!options.VerdictOnly)
        {
            json.WriteNumber("decidedAtUnixMs"u8, decision.At.WallMs);
        }
        json.WriteEndObject();
    }

    private static void WriteLimits(Utf8JsonWriter json, Decision decision)
    {
        json.WriteStartArray("limits"u8);
        foreach (ref readonly LimitResult result in decision.Results)
        {
            WriteStatus(json, decision.LimitOf(result), result, decision.KeyOf(result.Level), decision.At);
        }
        json.WriteEndArray();
    }

    /// <summary>Writes what one limit said.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="result">What it said.</param>
    /// <param name="key">The parent whose limit it is, or empty.</param>
    /// <param name="at">When it said it.</param>
    public static void WriteStatus(Utf8JsonWriter json, LimitModel limit, in LimitResult result, ReadOnlySpan<byte> key, in Instant at)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, limit.NameUtf8);
        json.WriteNumber("amount"u8, result.Amount);
        json.WriteNumber("remaining"u8, result.Remaining);
        json.WriteNumber("resetAfterMs"u8, result.ResetAfterMs);
        json.WriteNumber("resetAtUnixMs"u8, at.WallMs + result.ResetAfterMs);
        json.WriteNumber("retryAfterMs"u8, result.Exceeded ? result.RetryAfterMs : 0);
        json.WriteBoolean("exceeded"u8, result.Exceeded);
        json.WriteBoolean("shadow"u8, limit.Mode == LimitMode.Shadow);
        if (limit.Unit != PlanModel.Requests)
        {
            json.WriteString("unit"u8, limit.UnitUtf8);
        }
        if (!key.IsEmpty)
        {
            json.WriteString("key"u8, key);
        }
        json.WriteEndObject();
    }

    private readonly struct JsonHeaderSink(Utf8JsonWriter json) : IHeaderSink
    {
        public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            json.WriteString("value"u8, value);
            json.WriteEndObject();
        }
    }
}
