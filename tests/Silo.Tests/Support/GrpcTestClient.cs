using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Quota.Silo.Tests.Support;

/// <summary>
/// A gRPC client for tests over <see cref="HttpClient"/>: unary and streaming calls, and bodies that no proper client would
/// send. Speaks HTTP/2 with prior knowledge over one connection.
/// </summary>
internal sealed class GrpcTestClient : IDisposable
{
    private readonly HttpClient _http;

    public GrpcTestClient(IPEndPoint server)
    {
        _http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = false, UseProxy = false })
        {
            BaseAddress = new Uri($"http://{server}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>One message with its frame head.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message, byte flag = 0)
    {
        byte[] frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    /// <summary>A unary call with a generated message.</summary>
    public Task<GrpcTestReply> UnaryAsync(string path, IMessage request, params (string Name, string Value)[] headers) =>
        SendAsync(path, Frame(request.ToByteArray()), headers: headers);

    /// <summary>A call with any body at all.</summary>
    public async Task<GrpcTestReply> SendAsync(string path, byte[] body, string contentType = "application/grpc", HttpMethod? method = null, CancellationToken cancel = default, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = NewRequest(path, new ByteArrayContent(body), contentType, headers);
        request.Method = method ?? HttpMethod.Post;
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
        return await GrpcTestReply.ReadAsync(response);
    }

    /// <summary>Starts a streaming call; completes when its request can be written.</summary>
    public async Task<GrpcTestStream> StreamAsync(string path, CancellationToken cancel = default, params (string Name, string Value)[] headers)
    {
        StreamingContent content = new();
        HttpRequestMessage request = NewRequest(path, content, "application/grpc", headers);
        Task<HttpResponseMessage> response = _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        await Task.WhenAny(content.Opened, response);
        return new GrpcTestStream(response, content);
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage NewRequest(string path, HttpContent content, string contentType, (string Name, string Value)[] headers)
    {
        content.Headers.ContentType = contentType.Length == 0 ? null : MediaTypeHeaderValue.Parse(contentType);
        HttpRequestMessage request = new(HttpMethod.Post, path)
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }
}
