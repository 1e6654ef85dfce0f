using System.Buffers;
using System.Buffers.Binary;

namespace Quota.Silo.Edge.Grpc;

/// <summary>What stands at the start of a buffer of length-prefixed messages.</summary>
internal enum GrpcFrameResult
{
    /// <summary>A whole frame.</summary>
    Complete,

    /// <summary>Part of a frame, or nothing.</summary>
    Incomplete,

    /// <summary>The compressed flag is neither 0 nor 1.</summary>
    BadFlag,

    /// <summary>The length is above the bound.</summary>
    TooLong,
}

/// <summary>gRPC's length-prefixed message: a flag (1 = compressed), a 32-bit big-endian length, the bytes.</summary>
/// <param name="Compressed">The flag.</param>
/// <param name="Length">The length the frame names.</param>
/// <param name="Payload">The bytes, if the frame is complete.</param>
internal readonly record struct GrpcFrame(bool Compressed, uint Length, ReadOnlySequence<byte> Payload)
{
    /// <summary>Bytes before the message.</summary>
    public const int HeaderBytes = 5;

    /// <summary>Reads the frame at the start of <paramref name="buffer"/>; a bad head is reported before its message arrives.</summary>
    public static GrpcFrameResult TryParse(in ReadOnlySequence<byte> buffer, int lengthMax, out GrpcFrame frame)
    {
        frame = default;
        if (buffer.Length < HeaderBytes)
        {
            return GrpcFrameResult.Incomplete;
        }
        Span<byte> head = stackalloc byte[HeaderBytes];
        buffer.Slice(0, HeaderBytes).CopyTo(head);
        if (head[0] > 1)
        {
            return GrpcFrameResult.BadFlag;
        }
        uint length = BinaryPrimitives.ReadUInt32BigEndian(head[1..]);
        frame = new GrpcFrame(head[0] == 1, length, default);
        if (length > lengthMax)
        {
            return GrpcFrameResult.TooLong;
        }
        if (buffer.Length < HeaderBytes + length)
        {
            return GrpcFrameResult.Incomplete;
        }
        frame = frame with { Payload = buffer.Slice(HeaderBytes, length) };
        return GrpcFrameResult.Complete;
    }

    /// <summary>Writes the head of a frame into the first <see cref="HeaderBytes"/> of <paramref name="target"/>.</summary>
    public static void WriteHead(Span<byte> target, bool compressed, int length)
    {
        target[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(target[1..], length);
    }
}
