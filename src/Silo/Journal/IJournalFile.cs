namespace Quota.Silo.Journal;

/// <summary>
/// One open file of the journal: the seam at which tests inject faults. Every failure is an <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>; after one
/// of <see cref="Write"/> or <see cref="Sync"/>, what the disk holds is unknown.
/// </summary>
public interface IJournalFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads up to <paramref name="buffer"/>'s length; less only at the end of the file.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Hands the bytes to the operating system. Never called beyond <see cref="Length"/>.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns when everything written before the call is on the disk.</summary>
    void Sync();
}
