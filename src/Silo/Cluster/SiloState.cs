namespace Quota.Silo.Cluster;

/// <summary>Whether a silo lives, as another sees it.</summary>
public enum SiloState
{
    /// <summary>Its signs of life come.</summary>
    Live,

    /// <summary>Two were missed.</summary>
    Late,

    /// <summary>None has come for five seconds.</summary>
    Gone,

    /// <summary>It said that it stops.</summary>
    Stopped,
}
