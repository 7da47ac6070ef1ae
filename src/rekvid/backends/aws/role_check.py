"""What is wrong with the role that Rekognition takes to publish."""

from __future__ import annotations

from collections.abc import Mapping

from rekvid.backends.aws import policies
from rekvid.backends.aws.findings import Findings, Problem
from rekvid.backends.aws.policies import KEY_USES, Access, allows, read_document


class RoleCheck:
    """The look at one role, and at what it may do to one topic."""

    def __init__(self, findings: Findings, role_arn: str, topic_arn: str) -> None:
        self._findings = findings
        self._iam = findings.services.iam()
        self.role_arn = role_arn
        self.topic_arn = topic_arn
        # A role is passed to Rekognition inside its own account, so that is the one that jobs are started in.
        self.account = role_arn.split(":")[4]

    def run(self, topic_key: str | None) -> None:
        """Look at the role; `topic_key` is the key that the topic is encrypted with."""
        name = self.role_arn.rpartition("/")[2]
        iam = self._iam
        answer, seen = self._findings.look(self.role_arn, iam.get_role, RoleName=name)
        if answer is None or answer["Role"]["Arn"] != self.role_arn:
            if seen:
                what = f"The role of that name is {answer['Role']['Arn']}." if answer else "There is no such role."
                remedy = "Make it, for example by rekvid.aws.provision, or correct role_arn."
                self._findings.add(Problem.ROLE_MISSING, self.role_arn, what, remedy)
            return
        trust = read_document(answer["Role"].get("AssumeRolePolicyDocument"))
        assume = Access(
            action="sts:AssumeRole",
            resource=self.role_arn,
            principal=policies.REKOGNITION,
            context={"aws:sourceaccount": self.account},
        )
        if not allows([trust], assume):
            self._findings.add(
                Problem.ROLE_TRUST,
                self.role_arn,
                f"The role's trust policy doesn't let {policies.REKOGNITION} take it for account {self.account}.",
                "Allow that service sts:AssumeRole in the trust policy.",
            )
        self._rights(name, topic_key)

    def _rights(self, role: str, topic_key: str | None) -> None:
        documents, managed, all_seen = self._policies(role)
        publish = Access(action="sns:Publish", resource=self.topic_arn, context={})
        if not allows(documents, publish):
            if managed and not self.topic_arn.rpartition(":")[2].startswith(policies.PREFIX):
                self._findings.add(
                    Problem.TOPIC_NAME,
                    self.topic_arn,
                    f"The role's policy {policies.SERVICE_ROLE_POLICY} covers only topics whose name starts with "
                    f"{policies.PREFIX}.",
                    "Use a topic of such a name, or give the role sns:Publish on this one.",
                )
            elif all_seen:
                self._findings.add(
                    Problem.ROLE_PUBLISH,
                    self.role_arn,
                    f"No policy of the role allows sns:Publish on {self.topic_arn}.",
                    "Add it to the role.",
                )
        if topic_key:
            self._key(topic_key, documents, all_seen=all_seen)

    def _policies(self, role: str) -> tuple[list[Mapping[str, object]], bool, bool]:
        """The documents of the role's policies, whether the managed one is among them, and whether all were seen."""
        iam = self._iam
        documents: list[Mapping[str, object]] = []
        inline, all_seen = self._findings.look(self.role_arn, iam.list_role_policies, RoleName=role)
        for name in inline["PolicyNames"] if inline else ():
            policy, seen = self._findings.look(self.role_arn, iam.get_role_policy, RoleName=role, PolicyName=name)
            all_seen &= seen
            documents += [read_document(policy["PolicyDocument"])] if policy else []
        attached, seen = self._findings.look(self.role_arn, iam.list_attached_role_policies, RoleName=role)
        all_seen &= seen
        arns = [each.get("PolicyArn", "") for each in attached["AttachedPolicies"]] if attached else []
        managed = any(arn.endswith(f":policy/service-role/{policies.SERVICE_ROLE_POLICY}") for arn in arns)
        for arn in arns:
            found, seen = self._findings.look(arn, iam.get_policy, PolicyArn=arn)
            all_seen &= seen
            if found is None:
                continue
            version = found["Policy"].get("DefaultVersionId", "v1")
            text, seen = self._findings.look(arn, iam.get_policy_version, PolicyArn=arn, VersionId=version)
            all_seen &= seen
            documents += [read_document(text["PolicyVersion"].get("Document"))] if text else []
        return documents, managed, all_seen

    def _key(self, key: str, documents: list[Mapping[str, object]], *, all_seen: bool) -> None:
        arn = self._findings.key_arn(key, self.topic_arn.split(":")[3])
        if arn is None or not all_seen:
            return
        missing = [each for each in KEY_USES if not allows(documents, Access(action=each, resource=arn, context={}))]
        if missing and not self._key_lets_role(arn, missing):
            self._findings.add(
                Problem.ROLE_KEY,
                self.role_arn,
                f"The topic is encrypted with {arn}, but no policy allows the role {' and '.join(missing)}.",
                f"Allow the role {' and '.join(policies.KEY_ACTIONS)} on the key.",
            )

    def _key_lets_role(self, key_arn: str, actions: list[str]) -> bool:
        """Whether the key's own policy lets the role do all of `actions`; yes if it can't be seen."""
        kms = self._findings.services.kms(key_arn.split(":")[3])
        answer, seen = self._findings.look(key_arn, kms.get_key_policy, KeyId=key_arn, PolicyName="default")
        document = [read_document(answer.get("Policy") if answer else None)]
        return not seen or all(
            allows(document, Access(action=each, resource=key_arn, principal=self.role_arn, context={}))
            for each in actions
        )
