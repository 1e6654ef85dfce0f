using System.Buffers.Binary;
using Google.Protobuf;

namespace Quota.Silo.Tests.Support;

/// <summary>A streaming call of a test. Every wait is bounded by <see cref="PatienceMs"/>.</summary>
internal sealed class GrpcTestStream : IDisposable
{
    private const int PatienceMs = 20_000;

    private readonly Task<HttpResponseMessage> _response;
    private readonly StreamingContent _content;

    public GrpcTestStream(Task<HttpResponseMessage> response, StreamingContent content)
    {
        _response = response;
        _content = content;
    }

    /// <summary>Sends one message.</summary>
    public Task WriteAsync(IMessage message) => WriteRawAsync(GrpcTestClient.Frame(message.ToByteArray()));

    /// <summary>Sends bytes as they are.</summary>
    public async Task WriteRawAsync(byte[] bytes)
    {
        Stream body = await _content.Opened;
        await body.WriteAsync(bytes);
        await body.FlushAsync();
    }

    /// <summary>Says that no more messages follow.</summary>
    public void Complete() => _content.Complete();

    /// <summary>The next message, or null at the end.</summary>
    public async Task<byte[]?> ReadAsync()
    {
        using CancellationTokenSource patience = new(PatienceMs);
        HttpResponseMessage response = await _response.WaitAsync(patience.Token);
        Stream body = await response.Content.ReadAsStreamAsync(patience.Token);
        byte[] head = new byte[5];
        if (await body.ReadAtLeastAsync(head, 5, throwOnEndOfStream: false, patience.Token) < 5)
        {
            return null;
        }
        byte[] message = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await body.ReadExactlyAsync(message, patience.Token);
        return message;
    }

    /// <summary>The next message; fails the test at the end.</summary>
    public async Task<T> ReadAsync<T>(MessageParser<T> parser)
        where T : IMessage<T>
    {
        byte[]? message = await ReadAsync();
        Assert.NotNull(message);
        return parser.ParseFrom(message);
    }

    /// <summary>Reads to the end; the status and its message.</summary>
    public async Task<(int Status, string Message)> EndAsync()
    {
        while (await ReadAsync() is not null)
        {
        }
        HttpResponseMessage response = await _response;
        System.Net.Http.Headers.HttpResponseHeaders source = response.TrailingHeaders.Contains("grpc-status") ? response.TrailingHeaders : response.Headers;
        string message = source.TryGetValues("grpc-message", out IEnumerable<string>? values) ? values.Single() : "";
        return (int.Parse(source.GetValues("grpc-status").Single(), System.Globalization.CultureInfo.InvariantCulture), Uri.UnescapeDataString(message));
    }

    /// <summary>Cancels the call if it has not ended.</summary>
    public void Dispose()
    {
        _response.ContinueWith(static t => (t.IsCompletedSuccessfully ? t.Result : null)?.Dispose(), TaskScheduler.Default);
        _content.Complete();
    }
}
