using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;

namespace Quota.Bench.Load;

/// <summary>One call at a time, fully looked at: the load generators only see HTTP's 200, which gRPC sends with any outcome.</summary>
internal sealed class GrpcProbe : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>A message with gRPC's five bytes before it.</summary>
    public static byte[] Frame(IMessage message)
    {
        byte[] frame = new byte[GrpcFrame.HeaderBytes + message.CalculateSize()];
        GrpcFrame.WriteHead(frame, compressed: false, frame.Length - GrpcFrame.HeaderBytes);
        message.WriteTo(frame.AsSpan(GrpcFrame.HeaderBytes));
        return frame;
    }

    /// <summary>Posts a frame and parses the answer as a check's.</summary>
    public async Task<CheckQuotaResponse> CallAsync(int port, string path, byte[] frame)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}{path}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using HttpResponseMessage response = await _client.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        string? status = response.TrailingHeaders.TryGetValues("grpc-status", out IEnumerable<string>? values) ? values.First() : null;
        if (status != "0")
        {
            throw new InvalidOperationException($"{path}: grpc-status {status ?? response.Headers.ToString()}");
        }
        return CheckQuotaResponse.Parser.ParseFrom(body.AsSpan(GrpcFrame.HeaderBytes));
    }

    /// <summary>Makes sure that a check is answered, and allowed.</summary>
    public async Task MustAllowAsync(int port, string path, byte[] frame)
    {
        CheckQuotaResponse answer = await CallAsync(port, path, frame);
        if (!answer.Allowed || answer.Reason != Reason.WithinLimits || answer.Limits.Count == 0)
        {
            throw new InvalidOperationException($"{path}: not the answer that is to be measured: {answer}");
        }
    }

    public void Dispose() => _client.Dispose();
}
