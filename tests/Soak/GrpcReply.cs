using System.Buffers.Binary;
using Google.Protobuf;

namespace Quota.Soak;

/// <summary>The end of a call: a gRPC status code, its text, and the body of frames.</summary>
internal sealed record GrpcReply(int Status, string Text, byte[] Body)
{
    public bool IsOk => Status == 0;

    /// <summary>The only message of a unary answer.</summary>
    public T Message<T>(MessageParser<T> parser)
        where T : IMessage<T> => Messages(parser).Single();

    /// <summary>All messages of a streamed answer.</summary>
    public IEnumerable<T> Messages<T>(MessageParser<T> parser)
        where T : IMessage<T>
    {
        for (int at = 0; at < Body.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(Body.AsSpan(at + 1));
            yield return parser.ParseFrom(Body, at + 5, length);
            at += 5 + length;
        }
    }
}
