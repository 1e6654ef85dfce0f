namespace Quota.Silo.Journal;

/// <summary>The journal's directory. Every failure is an <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
public interface IJournalFiles
{
    /// <summary>What to call the directory in messages.</summary>
    string Location { get; }

    /// <summary>Takes the directory for this process until the result is disposed; null if somebody has it.</summary>
    IDisposable? TryLock();

    /// <summary>Names of all files, in any order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Opens an existing file for reading and writing.</summary>
    IJournalFile Open(string name);

    /// <summary>
    /// Makes a file (in place of one of that name) whose every byte is zero and has its place on the disk, and syncs it: writing
    /// to it later neither runs out of space nor changes metadata, on file systems that overwrite in place.
    /// </summary>
    IJournalFile Create(string name, long bytes);

    /// <summary>Renames, replacing. Open files stay open.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes; no error if there is no such file.</summary>
    void Delete(string name);

    /// <summary>Returns when all creations, renames and deletions before the call are on the disk.</summary>
    void SyncDirectory();
}
