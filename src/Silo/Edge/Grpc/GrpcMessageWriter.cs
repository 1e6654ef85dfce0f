using System.Buffers;
using Quota.Grains;

namespace Quota.Silo.Edge.Grpc;

/// <summary>
/// Builds one response message after the other, with its frame, in one pooled buffer. Not thread-safe; reused from call to
/// call, between which <see cref="Release"/> gives the buffer back.
/// </summary>
internal sealed class GrpcMessageWriter : IBufferWriter<byte>
{
    private const int InitialBytes = 1024;

    private byte[] _buffer = [];
    private int _end = GrpcFrame.HeaderBytes;

    /// <summary>Whether messages of <see cref="Contracts.Bounds.GzipBytesMin"/> and more are compressed.</summary>
    public bool Gzip { get; set; }

    public void Advance(int count)
    {
        Invariant.Check(count == 0 || (count > 0 && count <= _buffer.Length - _end));
        _end += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_end);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_end);
    }

    /// <summary>Ends the message: its frame is written to <paramref name="output"/>, and the next message starts empty.</summary>
    public void EndMessage(IBufferWriter<byte> output)
    {
        Reserve(0);
        int length = _end - GrpcFrame.HeaderBytes;
        if (Gzip && length >= Contracts.Bounds.GzipBytesMin)
        {
            byte[] compressed = GrpcGzip.Compress(_buffer.AsSpan(GrpcFrame.HeaderBytes, length));
            GrpcFrame.WriteHead(_buffer, true, compressed.Length);
            Put(output, _buffer.AsSpan(0, GrpcFrame.HeaderBytes));
            Put(output, compressed);
        }
        else
        {
            GrpcFrame.WriteHead(_buffer, false, length);
            Put(output, _buffer.AsSpan(0, _end));
        }
        _end = GrpcFrame.HeaderBytes;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Release()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = [];
        _end = GrpcFrame.HeaderBytes;
        Gzip = false;
    }

    /// <summary>Copies the bytes out. A transport whose connection is gone hands out no memory: then nobody listens, and they are dropped.</summary>
    private static void Put(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        Span<byte> target = output.GetSpan(bytes.Length);
        if (target.Length >= bytes.Length)
        {
            bytes.CopyTo(target);
            output.Advance(bytes.Length);
        }
    }

    private void Reserve(int sizeHint)
    {
        int wanted = Math.Max(sizeHint, 1);
        if (_buffer.Length - _end >= wanted)
        {
            return;
        }
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(InitialBytes, Math.Max(_buffer.Length * 2, _end + wanted)));
        _buffer.AsSpan(0, Math.Min(_end, _buffer.Length)).CopyTo(larger);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
    }
}
