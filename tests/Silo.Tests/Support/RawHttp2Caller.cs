using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Quota.Silo.Tests.Support;

/// <summary>
/// Repeats one unary call over a plain socket with frames made beforehand, allocating nothing, so that what is allocated
/// meanwhile is the server's.
/// </summary>
internal sealed class RawHttp2Caller : IDisposable
{
    private const int HeadBytes = 9;
    private const byte DataType = 0;
    private const byte HeadersType = 1;
    private const byte SettingsType = 4;
    private const byte EndStreamFlag = 1;

    private readonly Socket _socket;
    private readonly byte[] _request;
    private readonly int _dataFrame;
    private readonly byte[] _input = new byte[64 * 1024];
    private int _stream = -1;

    public RawHttp2Caller(IPEndPoint server, string path, byte[] message)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        _socket.Connect(server);
        byte[] window = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(window, 1 << 30);
        _socket.Send([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(SettingsType, 0, []), .. Frame(SettingsType, 1, []), .. Frame(8, 0, window)]);
        byte[] headers = [0x83, 0x86, .. Literal(4, path), .. Literal(1, "localhost"), .. Literal("content-type", "application/grpc"), .. Literal("te", "trailers")];
        byte[] headersFrame = Frame(HeadersType, 4, headers);
        _dataFrame = headersFrame.Length;
        _request = [.. headersFrame, .. Frame(DataType, EndStreamFlag, GrpcTestClient.Frame(message))];
    }

    /// <summary>One call; returns the bytes of its message frames.</summary>
    public int Call()
    {
        _stream += 2;
        BinaryPrimitives.WriteInt32BigEndian(_request.AsSpan(5), _stream);
        BinaryPrimitives.WriteInt32BigEndian(_request.AsSpan(_dataFrame + 5), _stream);
        _socket.Send(_request);
        int data = 0;
        while (true)
        {
            Receive(0, HeadBytes);
            int length = (_input[0] << 16) | (_input[1] << 8) | _input[2];
            byte type = _input[3], flags = _input[4];
            bool mine = BinaryPrimitives.ReadInt32BigEndian(_input.AsSpan(5)) == _stream;
            Receive(HeadBytes, length);
            data += mine && type == DataType ? length : 0;
            if (mine && type is DataType or HeadersType && (flags & EndStreamFlag) != 0)
            {
                return data;
            }
            Assert.True(type is not (3 or 7), "the server ended the stream or the connection");
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Receive(int at, int count)
    {
        for (int end = at + count; at < end;)
        {
            int received = _socket.Receive(_input.AsSpan(at, end - at));
            Assert.True(received > 0, "the server closed the connection");
            at += received;
        }
    }

    private static byte[] Frame(byte type, byte flags, byte[] payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];

    private static byte[] Literal(byte nameIndex, string value) => [nameIndex, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] Literal(string name, string value) => [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
