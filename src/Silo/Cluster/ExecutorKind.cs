namespace Quota.Silo.Cluster;

/// <summary>Who owns a key: <c>server.executor</c> of the configuration.</summary>
public enum ExecutorKind
{
    /// <summary>This process alone: memory, journal and an embedded store.</summary>
    Local,

    /// <summary>Whoever wins the conditional save of a store that all silos share.</summary>
    Shared,

    /// <summary>The silo that Orleans places the key's partition on, over the same shared store.</summary>
    Orleans,
}
