using Google.Protobuf;

namespace Quota.Chaos.Running;

/// <summary>The end of a unary call: a gRPC status code, its text, and the body of frames.</summary>
internal sealed record GrpcReply(int Status, string Text, byte[] Body)
{
    public bool IsOk => Status == 0;

    /// <summary>The message of the answer.</summary>
    public T Message<T>(MessageParser<T> parser)
        where T : IMessage<T> => parser.ParseFrom(Body, 5, Body.Length - 5);
}
