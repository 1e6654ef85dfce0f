using System.Text.Json;

namespace Quota.Silo.Tests.Events;

/// <summary>One request as the receiver saw it.</summary>
internal sealed record ReceivedRequest(string Method, string Path, string ContentType, string Id, string Timestamp, string Signature, byte[] Body, long AtNs)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Key => Json.GetProperty("data").GetProperty("key").GetString()!;
}
