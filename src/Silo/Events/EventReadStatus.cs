namespace Quota.Silo.Events;

/// <summary>Whether a record could be read.</summary>
public enum EventReadStatus
{
    Found,

    /// <summary>Forgotten, or deleted with its key: there is nothing to deliver.</summary>
    Gone,

    /// <summary>The store cannot be read now.</summary>
    Unavailable,
}
