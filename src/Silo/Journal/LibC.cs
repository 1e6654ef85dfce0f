using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Quota.Silo.Journal;

/// <summary>What .NET does not offer: <c>fdatasync</c> (a flush of a FileStream is <c>fsync</c>), and syncing a directory.</summary>
internal static partial class LibC
{
    /// <summary>EWOULDBLOCK, as .NET hands it through in <see cref="Exception.HResult"/>: somebody else has the lock.</summary>
    public const int WouldBlock = 11;

    private const int Interrupted = 4;
    private const int OpenReadOnlyCloseOnExec = 0x80000; // the same on x64 and arm64, unlike O_DIRECTORY

    public static void SyncData(SafeFileHandle file)
    {
        while (fdatasync(file) != 0)
        {
            ThrowUnlessInterrupted("fdatasync");
        }
    }

    public static void SyncDirectory(string path)
    {
        int directory = open(path, OpenReadOnlyCloseOnExec);
        if (directory < 0)
        {
            throw Failure("open of the directory");
        }
        try
        {
            while (fsync(directory) != 0)
            {
                ThrowUnlessInterrupted("fsync of the directory");
            }
        }
        finally
        {
            _ = close(directory);
        }
    }

    private static void ThrowUnlessInterrupted(string what)
    {
        if (Marshal.GetLastPInvokeError() != Interrupted)
        {
            throw Failure(what);
        }
    }

    private static IOException Failure(string what)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{what} failed: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int file);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int file);
}
