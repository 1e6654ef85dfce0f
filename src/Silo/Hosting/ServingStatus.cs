namespace Quota.Silo.Hosting;

/// <summary>Whether this silo should be sent calls.</summary>
public enum ServingStatus
{
    /// <summary>Recovering and warming up.</summary>
    Starting,

    /// <summary>Ready.</summary>
    Serving,

    /// <summary>It cannot keep decisions safe; calls are answered with errors or failure policies.</summary>
    Failed,

    /// <summary>It is stopping. Final.</summary>
    Draining,
}
