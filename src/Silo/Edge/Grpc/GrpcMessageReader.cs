using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Quota.Contracts;

namespace Quota.Silo.Edge.Grpc;

/// <summary>
/// Reads the messages of one call from its pipe. Not thread-safe; reused from call to call. A message stays in the pipe's own
/// memory where it lies in one piece, and the pipe is advanced past it only by the next read.
/// </summary>
internal sealed class GrpcMessageReader
{
    private PipeReader? _pipe;
    private byte[]? _rented;
    private bool _gzip;
    private bool _single;
    private bool _holding;
    private SequencePosition _next;

    /// <summary>Starts a call.</summary>
    /// <param name="pipe">The request's body.</param>
    /// <param name="gzip">Whether compressed messages are announced.</param>
    /// <param name="single">Exactly one message is allowed; it is given out once its end is certain.</param>
    public void Start(PipeReader pipe, bool gzip, bool single)
    {
        _pipe = pipe;
        _gzip = gzip;
        _single = single;
        _holding = false;
    }

    /// <summary>The next message. Throws what the pipe throws when the connection is lost, and when <paramref name="cancel"/> fires.</summary>
    public ValueTask<GrpcRead> ReadAsync(CancellationToken cancel)
    {
        PipeReader pipe = _pipe!;
        ReleaseHeld(pipe);
        if (pipe.TryRead(out ReadResult result) && TryTake(pipe, result, out GrpcRead read))
        {
            return new ValueTask<GrpcRead>(read);
        }
        return ReadSlowAsync(pipe, cancel);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GrpcRead> ReadSlowAsync(PipeReader pipe, CancellationToken cancel)
    {
        while (true)
        {
            ReadResult result = await pipe.ReadAsync(cancel).ConfigureAwait(false);
            if (TryTake(pipe, result, out GrpcRead read))
            {
                return read;
            }
        }
    }

    /// <summary>
    /// Ends reading: gives the pipe back what the last message occupied. Only while the transport still takes it, that is, before
    /// the call's flow has returned to it. Throws what the pipe throws when the connection is lost.
    /// </summary>
    public void Finish()
    {
        if (_pipe is { } pipe)
        {
            _pipe = null;
            ReleaseHeld(pipe);
        }
    }

    /// <summary>Forgets the call without touching its pipe, which may belong to the transport again.</summary>
    public void Release()
    {
        _pipe = null;
        _holding = false;
        ReturnRented();
    }

    private void ReleaseHeld(PipeReader pipe)
    {
        if (_holding)
        {
            _holding = false;
            pipe.AdvanceTo(_next);
        }
        ReturnRented();
    }

    private void ReturnRented()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null;
        }
    }

    private bool TryTake(PipeReader pipe, in ReadResult result, out GrpcRead read)
    {
        ReadOnlySequence<byte> buffer = result.Buffer;
        GrpcFrameResult parsed = GrpcFrame.TryParse(buffer, Bounds.MessageBytesMax, out GrpcFrame frame);
        long rest = parsed == GrpcFrameResult.Complete ? buffer.Length - GrpcFrame.HeaderBytes - frame.Length : 0;
        if (!result.IsCompleted && (parsed == GrpcFrameResult.Incomplete || (parsed == GrpcFrameResult.Complete && _single && rest == 0)))
        {
            pipe.AdvanceTo(buffer.Start, buffer.End);
            read = default;
            return false;
        }
        _holding = true;
        _next = parsed == GrpcFrameResult.Complete ? frame.Payload.End : buffer.End;
        read = parsed switch
        {
            GrpcFrameResult.Complete when _single && rest > 0 => GrpcRead.Failed(GrpcStatusCode.Internal, "request: more than one message for a method that takes one"),
            GrpcFrameResult.Complete => Open(frame),
            GrpcFrameResult.BadFlag => GrpcRead.Failed(GrpcStatusCode.Internal, "request: the compressed flag of a message must be 0 or 1"),
            GrpcFrameResult.TooLong => TooLong(frame.Length),
            _ when !buffer.IsEmpty => GrpcRead.Failed(GrpcStatusCode.Internal, "request: truncated message"),
            _ when _single => GrpcRead.Failed(GrpcStatusCode.Internal, "request: no message for a method that takes one"),
            _ => GrpcRead.End,
        };
        return true;
    }

    private GrpcRead Open(in GrpcFrame frame)
    {
        if (frame.Compressed)
        {
            return Decompress(frame);
        }
        if (frame.Payload.IsSingleSegment)
        {
            return GrpcRead.Of(frame.Payload.First);
        }
        _rented = ArrayPool<byte>.Shared.Rent((int)frame.Length);
        frame.Payload.CopyTo(_rented);
        return GrpcRead.Of(_rented.AsMemory(0, (int)frame.Length));
    }

    private GrpcRead Decompress(in GrpcFrame frame)
    {
        if (!_gzip)
        {
            return GrpcRead.Failed(GrpcStatusCode.Internal, "request: a message is marked compressed, and grpc-encoding names no compression");
        }
        if (GrpcGzip.TryDecompress(frame.Payload, Bounds.MessageBytesMax, out byte[] rented, out int length, out bool tooLong))
        {
            _rented = rented;
            return GrpcRead.Of(rented.AsMemory(0, length));
        }
        return tooLong
            ? GrpcRead.Failed(GrpcStatusCode.ResourceExhausted, $"request: a message must unfold to at most {Bounds.MessageBytesMax} bytes")
            : GrpcRead.Failed(GrpcStatusCode.Internal, "request: a message is not valid gzip");
    }

    private static GrpcRead TooLong(uint length) =>
        GrpcRead.Failed(GrpcStatusCode.ResourceExhausted, $"request: a message must be at most {Bounds.MessageBytesMax} bytes, was {length}");
}
