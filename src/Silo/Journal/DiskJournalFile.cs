using Microsoft.Win32.SafeHandles;

namespace Quota.Silo.Journal;

/// <summary>A file of the file system, written with <c>pwrite</c> and synced with <c>fdatasync</c>.</summary>
internal sealed class DiskJournalFile : IJournalFile
{
    private readonly SafeFileHandle _handle;

    public DiskJournalFile(SafeFileHandle handle)
    {
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    public long Length { get; private set; }

    public int Read(Span<byte> buffer, long offset)
    {
        int total = 0;
        while (total < buffer.Length)
        {
            int read = RandomAccess.Read(_handle, buffer[total..], offset + total);
            if (read == 0)
            {
                break;
            }
            total += read;
        }
        return total;
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        RandomAccess.Write(_handle, bytes, offset);
        Length = Math.Max(Length, offset + bytes.Length);
    }

    public void Sync() => LibC.SyncData(_handle);

    public void Dispose() => _handle.Dispose();
}
