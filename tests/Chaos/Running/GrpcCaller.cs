using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Quota.Chaos.Running;

/// <summary>Calls to one silo, each tried once. Shares no code with the silo but the message definitions. Safe for concurrent callers.</summary>
internal sealed class GrpcCaller : IDisposable
{
    private readonly HttpClient _client;

    public GrpcCaller(string address)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(1), EnableMultipleHttp2Connections = true };
        _client = new HttpClient(handler) { BaseAddress = new Uri($"http://{address}"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The answer; <see cref="GrpcCode.NotConnected"/> if nobody was there to be asked; null if none came in time: what was asked may or may not have happened.</summary>
    public async Task<GrpcReply?> CallAsync(string method, IMessage request, TimeSpan patience)
    {
        byte[] message = request.ToByteArray();
        byte[] frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        using var timeout = new CancellationTokenSource(patience);
        using var call = new HttpRequestMessage(HttpMethod.Post, "/quota.v1." + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame),
        };
        call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        call.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(call, timeout.Token);
            byte[] body = await response.Content.ReadAsByteArrayAsync(timeout.Token);
            string? status = Header(response, "grpc-status");
            return status is null ? null : new GrpcReply(int.Parse(status, CultureInfo.InvariantCulture), Header(response, "grpc-message") ?? "", body);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError)
        {
            return new GrpcReply(GrpcCode.NotConnected, e.Message, []);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    public void Dispose() => _client.Dispose();

    private static string? Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || response.Headers.TryGetValues(name, out values) ? values.First() : null;
}
