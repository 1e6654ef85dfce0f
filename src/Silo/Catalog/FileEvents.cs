namespace Quota.Silo.Catalog;

/// <summary>
/// Calls back when the system says that something happened to a file or to the links that lead to it. Events get lost and come
/// too often; they are hints. Without any watch to be had there are no hints.
/// </summary>
internal sealed class FileEvents : IDisposable
{
    private readonly string _name;
    private readonly Action _callback;
    private readonly FileSystemWatcher? _watcher;

    /// <param name="path">The file, by its full path.</param>
    /// <param name="callback">Called from any thread.</param>
    /// <param name="logger">Told when events are lost.</param>
    public FileEvents(string path, Action callback, ILogger logger)
    {
        _name = Path.GetFileName(path);
        _callback = callback;
        try
        {
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!)
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
            };
            _watcher.Changed += (_, e) => OnEvent(e.Name);
            _watcher.Created += (_, e) => OnEvent(e.Name);
            _watcher.Deleted += (_, e) => OnEvent(e.Name);
            _watcher.Renamed += (_, e) => OnEvent(e.Name);
            _watcher.Error += (_, e) => CatalogLog.EventsLost(logger, e.GetException());
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            CatalogLog.EventsLost(logger, e);
        }
    }

    public void Dispose() => _watcher?.Dispose();

    private void OnEvent(string? name)
    {
        // A Kubernetes volume swaps the link "..data" beside the file; other neighbours, such as the data directory, are busy for other reasons.
        if (name is null || name == _name || name.StartsWith("..", StringComparison.Ordinal))
        {
            _callback();
        }
    }
}
