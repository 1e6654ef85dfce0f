using System.Buffers;

namespace Quota.Silo.Edge.Grpc;

/// <summary>
/// One call as a method sees it, whichever transport carries it. One thread may read while another writes; neither side is
/// used by two threads at once.
/// </summary>
public interface IGrpcCall
{
    /// <summary>Time until the caller's deadline, at least zero; null if it has none.</summary>
    TimeSpan? TimeLeft { get; }

    /// <summary>Fires when the answer no longer matters: deadline, cancellation, lost connection, or the end of the drain time.</summary>
    CancellationToken Cancellation { get; }

    /// <summary>Fires when the silo begins to stop: finish what was begun and end the call.</summary>
    CancellationToken Draining { get; }

    /// <summary>The response message being built. Valid until <see cref="EndMessage"/>.</summary>
    IBufferWriter<byte> Response { get; }

    /// <summary>The peer's address, or null if the transport knows none.</summary>
    string? Peer { get; }

    /// <summary>Request metadata; null if absent. Several values of one name are joined by commas. See <see cref="GrpcMetadata"/> for <c>-bin</c>.</summary>
    string? Metadata(string name);

    /// <summary>Sets response metadata; only before the first message or flush.</summary>
    void SetHeader(string name, string value);

    /// <summary>Sets metadata that follows the last message.</summary>
    void SetTrailer(string name, string value);

    /// <summary>
    /// The next request message, the end, or why there is none. A message's memory is valid until the next read. When the silo
    /// drains, reading a stream ends with UNAVAILABLE.
    /// </summary>
    ValueTask<GrpcRead> ReadAsync();

    /// <summary>Ends the response message and queues it. A unary answer leaves with its status; a stream calls <see cref="FlushAsync"/>.</summary>
    void EndMessage();

    /// <summary>Sends what is queued, and waits while the caller does not take it.</summary>
    ValueTask FlushAsync();

    /// <summary>Ends the call at once, without an answer: for a caller that does not take what it is sent.</summary>
    void Abort();
}
