namespace Quota.Simulator;

/// <summary>Bugs that are planted on purpose, in what surrounds the production classes or by reaching into their tables. The simulator has to find each.</summary>
public enum Mutation
{
    None,

    /// <summary>The store saves whatever the version is.</summary>
    StoreIgnoresConditions,

    /// <summary>The journal answers at once; a crash loses what was not synced.</summary>
    JournalAnswersEarly,

    /// <summary>A commit of which nobody knows whether it happened is taken for one that did.</summary>
    UnknownIsSuccess,

    /// <summary>After such a commit the same bytes are sent again, over whatever is there by then.</summary>
    UnknownIsForced,

    /// <summary>Leases do not end.</summary>
    LeaseEndIgnored,

    /// <summary>A lease goes on being spent while it is settled.</summary>
    LeaseNotClosed,

    /// <summary>A settled lease stays in the book, and is settled again.</summary>
    LeaseSettledTwice,

    /// <summary>The record of a request id is not kept.</summary>
    RequestNotRemembered,

    /// <summary>A silo comes back without its journal.</summary>
    JournalForgotten,

    /// <summary>A silo comes back and spends what it held, whatever has become of it.</summary>
    RestartKeepsLeases,
}
