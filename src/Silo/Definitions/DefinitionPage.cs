namespace Quota.Silo.Definitions;

/// <summary>One page of a list, or why there is none.</summary>
/// <param name="Items">What is on the page; it may be empty and others follow all the same.</param>
/// <param name="NextToken">Where the next page begins, or empty: this is the last.</param>
/// <param name="Error">Set if the request was refused.</param>
public readonly record struct DefinitionPage<TItem>(IReadOnlyList<TItem> Items, string NextToken, DefinitionError? Error)
{
    public static DefinitionPage<TItem> Failed(DefinitionErrorCode code, string field, string message) => new([], "", new DefinitionError(code, field, message));
}
