using Quota.Contracts;

namespace Quota.Silo.Journal;

/// <summary>A directory of the file system (Linux). Made, parents included, when it is locked for the first time.</summary>
public sealed class DiskJournalFiles : IJournalFiles
{
    private const string LockName = "lock";
    private readonly string _directory;

    public DiskJournalFiles(string directory)
    {
        _directory = Path.GetFullPath(directory);
    }

    public string Location => _directory;

    public IDisposable? TryLock()
    {
        MakeDirectory(_directory);
        try
        {
            // FileShare.None is an exclusive flock, which ends with the process whatever way it ends.
            return new FileStream(PathOf(LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (failure.HResult == LibC.WouldBlock)
        {
            return null;
        }
    }

    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(_directory).Select(path => Path.GetFileName(path))];

    public IJournalFile Open(string name) =>
        new DiskJournalFile(File.OpenHandle(PathOf(name), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));

    public IJournalFile Create(string name, long bytes)
    {
        // Reserving first makes a full disk fail here, before the slow part.
        DiskJournalFile file = new(File.OpenHandle(
            PathOf(name), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.None, bytes));
        try
        {
            byte[] zeros = new byte[Bounds.JournalZeroWriteBytes];
            for (long offset = 0; offset < bytes; offset += zeros.Length)
            {
                file.Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, bytes - offset)), offset);
                if ((offset + zeros.Length) % Bounds.JournalZeroStepBytes == 0)
                {
                    file.Sync();
                }
            }
            file.Sync();
            return file;
        }
        catch
        {
            file.Dispose();
            Delete(name);
            throw;
        }
    }

    public void Rename(string from, string to) => File.Move(PathOf(from), PathOf(to), overwrite: true);

    public void Delete(string name) => File.Delete(PathOf(name));

    public void SyncDirectory() => LibC.SyncDirectory(_directory);

    private string PathOf(string name) => Path.Combine(_directory, name);

    /// <summary>Makes the directory and what it stands in; a new one is durable once the one that holds it is synced.</summary>
    private static void MakeDirectory(string path)
    {
        if (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent)
        {
            MakeDirectory(parent);
            Directory.CreateDirectory(path);
            LibC.SyncDirectory(parent);
        }
    }
}
