using System.Text.Encodings.Web;
using System.Text.Json;

namespace Quota.Silo.Replay;

/// <summary>Writes a report as one JSON document. Field names are stable: later versions only add.</summary>
internal static class ReplayJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        // Browsers never see this document; addresses and agents stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(ReplayReport report) => JsonSerializer.Serialize(report, Options);
}
