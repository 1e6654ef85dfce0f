using System.Buffers;
using Quota.Silo.Edge.Grpc;

namespace Quota.Silo.Tests.Edge;

/// <summary>Framing of response messages.</summary>
public sealed class GrpcMessageWriterTests
{
    [Fact]
    public void A_message_leaves_with_its_frame()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new GrpcMessageWriter();
        writer.Write("abc"u8);
        writer.EndMessage(output);
        writer.Write("d"u8);
        writer.EndMessage(output);
        Assert.Equal("0000000003616263" + "000000000164", Convert.ToHexString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_transport_that_is_gone_drops_the_message_and_faults_nothing(bool gzip)
    {
        var writer = new GrpcMessageWriter { Gzip = gzip };
        writer.Write(new byte[5000]);
        writer.EndMessage(new ClosedTransport());
        writer.Release();
    }

    private sealed class ClosedTransport : IBufferWriter<byte>
    {
        public void Advance(int count) => throw new InvalidOperationException("nothing was handed out");

        public Memory<byte> GetMemory(int sizeHint = 0) => default;

        public Span<byte> GetSpan(int sizeHint = 0) => default;
    }
}
