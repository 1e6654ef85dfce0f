namespace Quota.Silo.Catalog;

/// <summary>
/// What tells a changed file without reading it: its times, its size and where its links lead. An atomic rename brings new
/// times with it, a swapped link a new target.
/// </summary>
internal readonly record struct FileFingerprint(bool Exists, long Length, DateTime ModifiedUtc, DateTime CreatedUtc, string Target)
{
    /// <summary>Looks at the file; one that is absent or cannot be looked at has a fingerprint too.</summary>
    public static FileFingerprint Of(string path)
    {
        try
        {
            FileSystemInfo? target = File.ResolveLinkTarget(path, returnFinalTarget: true);
            var file = new FileInfo(target?.FullName ?? path);
            string directory = Path.GetDirectoryName(file.FullName) ?? "";
            // A directory on the way may be the link that is swapped, as in a mounted Kubernetes ConfigMap.
            string directoryTarget = Directory.ResolveLinkTarget(directory, returnFinalTarget: true)?.FullName ?? directory;
            return file.Exists
                ? new FileFingerprint(true, file.Length, file.LastWriteTimeUtc, file.CreationTimeUtc, Path.Combine(directoryTarget, file.Name))
                : default;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Reading the file will meet the same obstacle and report it.
            return default;
        }
    }
}
