namespace Quota.Silo.Tests.Support;

/// <summary>An outside server that tests need.</summary>
public enum ServerKind
{
    None,
    DynamoLocal,
    Postgres,

    /// <summary>Either of them.</summary>
    Any,
}
