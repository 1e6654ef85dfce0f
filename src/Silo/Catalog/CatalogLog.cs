using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Catalog;

/// <summary>What the watch of the configuration file says in the log.</summary>
internal static partial class CatalogLog
{
    public static void Adopted(ILogger logger, string file, CatalogChange change)
    {
        InForce(logger, file, change);
        if (change.Note is { } note)
        {
            Noted(logger, file, note);
        }
        foreach (string field in change.ServerFields)
        {
            NextStart(logger, field);
        }
    }

    public static void Refused(ILogger logger, string file, IReadOnlyList<ConfigError> errors)
    {
        NotInForce(logger, file, errors.Count);
        foreach (ConfigError error in errors)
        {
            Problem(logger, error);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "File events are lost; the configuration is looked at twice a second all the same")]
    public static partial void EventsLost(ILogger logger, Exception exception);

    [LoggerMessage(2, LogLevel.Debug, "{File} is no longer watched")]
    public static partial void Stopped(ILogger logger, string file);

    [LoggerMessage(7, LogLevel.Critical, "{File} is no longer watched: changes take effect at the next start")]
    public static partial void Failed(ILogger logger, Exception exception, string file);

    [LoggerMessage(3, LogLevel.Information, "{File} is in force: {Change}")]
    private static partial void InForce(ILogger logger, string file, CatalogChange change);

    [LoggerMessage(8, LogLevel.Warning, "{File}: {Note}")]
    private static partial void Noted(ILogger logger, string file, string note);

    [LoggerMessage(4, LogLevel.Warning, "{Field} has changed and takes effect at the next start")]
    private static partial void NextStart(ILogger logger, string field);

    [LoggerMessage(5, LogLevel.Error, "{File} is refused with {Count} errors; what was in force stays in force")]
    private static partial void NotInForce(ILogger logger, string file, int count);

    [LoggerMessage(6, LogLevel.Error, "{Error}")]
    private static partial void Problem(ILogger logger, ConfigError error);
}
