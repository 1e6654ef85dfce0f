using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Quota.Silo.Edge.Grpc;

/// <summary>The gzip message encoding, with a bound on what it may unfold to.</summary>
internal static class GrpcGzip
{
    /// <summary>The encoding's name in <c>grpc-encoding</c>.</summary>
    public const string Name = "gzip";

    /// <summary>Bytes of the gzip trailer: a checksum and the length of the data.</summary>
    private const int TrailerBytes = 8;

    /// <summary>Unfolds <paramref name="compressed"/>; stops as soon as it passes <paramref name="lengthMax"/>.</summary>
    /// <param name="compressed">One gzip member.</param>
    /// <param name="lengthMax">Most bytes it may unfold to.</param>
    /// <param name="rented">Rented from the shared array pool; the caller returns it. Empty on failure.</param>
    /// <param name="length">Bytes of it that are data.</param>
    /// <param name="tooLong">Whether a failure was the length.</param>
    public static bool TryDecompress(in ReadOnlySequence<byte> compressed, int lengthMax, out byte[] rented, out int length, out bool tooLong)
    {
        byte[] input = compressed.ToArray();
        rented = ArrayPool<byte>.Shared.Rent(Math.Min(lengthMax + 1, Math.Max(4096, input.Length * 4)));
        length = 0;
        tooLong = false;
        bool ok = false;
        try
        {
            using GZipStream gzip = new(new MemoryStream(input), CompressionMode.Decompress);
            for (int read = gzip.Read(rented); read > 0; read = gzip.Read(rented, length, rented.Length - length))
            {
                length += read;
                if (length > lengthMax)
                {
                    tooLong = true;
                    return false;
                }
                if (length == rented.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(lengthMax + 1, rented.Length * 2));
                    rented.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(rented);
                    rented = larger;
                }
            }
            // A cut-off member ends like a whole one here; its trailer does not.
            ok = input.Length >= TrailerBytes && BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(input.Length - 4)) == (uint)length;
            return ok;
        }
        catch (InvalidDataException)
        {
            return false;
        }
        finally
        {
            if (!ok)
            {
                ArrayPool<byte>.Shared.Return(rented);
                rented = [];
                length = 0;
            }
        }
    }

    /// <summary>Folds <paramref name="message"/>; the fastest level, because the answer waits for it.</summary>
    public static byte[] Compress(ReadOnlySpan<byte> message)
    {
        using MemoryStream output = new(message.Length / 2);
        using (GZipStream gzip = new(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(message);
        }
        return output.ToArray();
    }
}
