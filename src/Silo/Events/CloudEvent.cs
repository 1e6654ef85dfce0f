using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Quota.Silo.Events;

/// <summary>
/// A threshold event as a CloudEvent 1.0 in JSON (structured mode): https://github.com/cloudevents/spec, "JSON Event Format for
/// CloudEvents". The fields are described in docs/WEBHOOKS.md.
/// </summary>
public static class CloudEvent
{
    public const string ContentType = "application/cloudevents+json; charset=utf-8";
    public const string Type = "quota.threshold.reached";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>The body of the request: the same bytes for the same event.</summary>
    public static byte[] Write(ThresholdEvent content)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("specversion"u8, "1.0");
        json.WriteString("id"u8, content.Id.ToString());
        json.WriteString("source"u8, "/quota/namespaces/" + Uri.EscapeDataString(content.Namespace));
        json.WriteString("type"u8, Type);
        if (content.Key.Length > 0)
        {
            // The specification allows no empty subject.
            json.WriteString("subject"u8, content.Key);
        }
        json.WriteString("time"u8, Time(content.AtMs));
        json.WriteString("datacontenttype"u8, "application/json");
        WriteData(json, content);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>An instant as RFC 3339 has it, in UTC.</summary>
    internal static string Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static void WriteData(Utf8JsonWriter json, ThresholdEvent content)
    {
        json.WriteStartObject("data"u8);
        json.WriteString("namespace"u8, content.Namespace);
        json.WriteString("key"u8, content.Key);
        json.WriteString("plan"u8, content.Plan);
        json.WriteString("limit"u8, content.Limit);
        json.WriteString("unit"u8, content.Unit);
        json.WriteStartObject("attributes"u8);
        foreach ((string name, string value) in content.Attributes)
        {
            json.WriteString(name, value);
        }
        json.WriteEndObject();
        json.WriteNumber("thresholdPercent"u8, content.ThresholdPercent);
        json.WriteNumber("amount"u8, content.Amount);
        json.WriteNumber("used"u8, content.Used);
        json.WriteString("periodStart"u8, Time(content.PeriodStartMs));
        json.WriteString("periodEnd"u8, Time(content.PeriodEndMs));
        json.WriteEndObject();
    }
}
