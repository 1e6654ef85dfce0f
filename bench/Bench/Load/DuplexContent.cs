using System.Net;

namespace Quota.Bench.Load;

/// <summary>A request body that stays open: hands its stream out, and ends when it is told to.</summary>
internal sealed class DuplexContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DuplexContent() => Headers.ContentType = new("application/grpc");

    /// <summary>Where to write, once the request is on its way.</summary>
    public Task<Stream> Stream => _stream.Task;

    public void End() => _ended.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // Without this the headers wait for the first bytes.
        await stream.FlushAsync();
        _stream.SetResult(stream);
        await _ended.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
