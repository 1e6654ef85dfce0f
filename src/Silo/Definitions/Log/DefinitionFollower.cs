using Quota.Contracts;

namespace Quota.Silo.Definitions.Log;

/// <summary>Has changes of definitions that were made through other silos come into force here, within a fraction of a second.</summary>
internal sealed partial class DefinitionFollower(DefinitionService service, TimeProvider time, ILogger logger)
{
    private string? _fault;

    /// <summary>Why the cluster's definitions cannot be followed at the moment, or null. Decisions go on by the last ones known.</summary>
    public string? Fault => Volatile.Read(ref _fault);

    /// <summary>Follows until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Bounds.ChangeFollowMs), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                await LookAsync(cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    /// <summary>Takes in what there is.</summary>
    public async ValueTask LookAsync(CancellationToken cancellation)
    {
        string? fault = (await service.CatchUpAsync(cancellation).ConfigureAwait(false))?.Message;
        string? before = Interlocked.Exchange(ref _fault, fault);
        if (fault is not null && fault != before)
        {
            Stays(logger, fault);
        }
        else if (fault is null && before is not null)
        {
            GoesOn(logger);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Changes of definitions through other silos are not taken in, and none can be made here: {Reason}")]
    private static partial void Stays(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Information, "Changes of definitions through other silos are taken in again")]
    private static partial void GoesOn(ILogger logger);
}
