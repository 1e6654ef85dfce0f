namespace Quota.Silo.Edge;

/// <summary>
/// What the HTTP server may log: warnings and worse, each cause at most once per second. A peer can make it complain as often
/// as it sends a packet.
/// </summary>
internal sealed class QuietLoggerFactory : ILoggerFactory
{
    private readonly ILoggerFactory _inner;
    private readonly TimeProvider _time;

    public QuietLoggerFactory(ILoggerFactory inner, TimeProvider? time = null)
    {
        _inner = inner;
        _time = time ?? TimeProvider.System;
    }

    public ILogger CreateLogger(string categoryName) => new QuietLogger(_inner.CreateLogger(categoryName), _time);

    public void AddProvider(ILoggerProvider provider) => _inner.AddProvider(provider);

    /// <summary>Nothing: the inner factory belongs to whoever made it.</summary>
    public void Dispose()
    {
    }

    private sealed class QuietLogger(ILogger inner, TimeProvider time) : ILogger
    {
        private readonly RateLimitedLog _limit = new(inner, time);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && _limit.ShouldLog(eventId.Name ?? eventId.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), out _))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
