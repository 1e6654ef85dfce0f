using System.Buffers;
using Google.Protobuf.Reflection;
using Quota.Silo.Edge.Grpc;

namespace Quota.Silo.Tests.Support;

/// <summary>A gRPC service of the test's own methods, at <c>/test.v1.Test/…</c>.</summary>
internal sealed class TestMethods : IGrpcService
{
    public TestMethods(params GrpcMethod[] methods) => Methods = methods;

    public string FullName => "test.v1.Test";

    public FileDescriptor? File => null;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    /// <summary>Answers the message it is sent.</summary>
    public static GrpcMethod Echo { get; } = new("Echo", GrpcMethodKind.Unary, async call =>
    {
        GrpcRead read = await call.ReadAsync();
        if (!read.HasMessage)
        {
            return read.Status;
        }
        call.Response.Write(read.Message.Span);
        call.EndMessage();
        return GrpcStatus.Ok;
    });

    /// <summary>Answers every message of a stream at once.</summary>
    public static GrpcMethod EchoStream { get; } = new("EchoStream", GrpcMethodKind.Duplex, async call =>
    {
        while (true)
        {
            GrpcRead read = await call.ReadAsync();
            if (!read.HasMessage)
            {
                return read.Status;
            }
            call.Response.Write(read.Message.Span);
            call.EndMessage();
            await call.FlushAsync();
        }
    }, GrpcAdmission.Stream);
}
