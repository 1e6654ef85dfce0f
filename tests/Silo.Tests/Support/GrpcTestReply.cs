using System.Net;

namespace Quota.Silo.Tests.Support;

/// <summary>The whole answer to a call.</summary>
internal sealed record GrpcTestReply
{
    public required HttpStatusCode HttpStatus { get; init; }

    /// <summary>The gRPC status code, or -1 if there is none.</summary>
    public required int Status { get; init; }

    /// <summary>The decoded status message.</summary>
    public required string Message { get; init; }

    /// <summary>The status came in the headers.</summary>
    public required bool TrailersOnly { get; init; }

    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public required IReadOnlyDictionary<string, string> Trailers { get; init; }

    /// <summary>The messages as they came, with their compressed flags.</summary>
    public required IReadOnlyList<(byte Flag, byte[] Bytes)> Messages { get; init; }

    /// <summary>The only message.</summary>
    public byte[] Single => Messages.Single().Bytes;

    public static async Task<GrpcTestReply> ReadAsync(HttpResponseMessage response)
    {
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        List<(byte, byte[])> messages = [];
        for (int at = 0; at < body.Length;)
        {
            int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
            messages.Add((body[at], body[(at + 5)..(at + 5 + length)]));
            at += 5 + length;
        }
        Dictionary<string, string> headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(",", h.Value), StringComparer.Ordinal);
        Dictionary<string, string> trailers = response.TrailingHeaders.ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(",", h.Value), StringComparer.Ordinal);
        bool trailersOnly = headers.ContainsKey("grpc-status");
        Dictionary<string, string> source = trailersOnly ? headers : trailers;
        return new GrpcTestReply
        {
            HttpStatus = response.StatusCode,
            Status = source.TryGetValue("grpc-status", out string? status) ? int.Parse(status, System.Globalization.CultureInfo.InvariantCulture) : -1,
            Message = Uri.UnescapeDataString(source.GetValueOrDefault("grpc-message", "")),
            TrailersOnly = trailersOnly,
            Headers = headers,
            Trailers = trailers,
            Messages = messages,
        };
    }
}
