# Times of work orders, stops of work centers, maintenance requests.


def loss_of(category, name):
    losses = env['mrp.workcenter.productivity.loss']
    domain = [('loss_type', '=', category)]
    if name:
        found = losses.search(domain + [('name', '=', name)], limit=1)
        if not found:
            refuse('loss-unknown', 'No loss reason of the category %s is called %s.' % (category, name))
        return found
    found = losses.search(domain, limit=1, order='sequence, id')
    if not found:
        refuse('loss-unknown', 'Odoo has no loss reason of the category %s.' % category)
    return found


def plan_log_work_time(plan):
    value = plan['value']
    order = any_order(value['order'])
    center = work_center_of(value['workCenter'])
    steps = order.workorder_ids.filtered_domain([('workcenter_id', '=', center.id), ('state', '!=', 'cancel')])
    if value.get('operation'):
        steps = steps.filtered_domain([('name', '=', value['operation'])])
    if len(steps) != 1:
        refuse('operation-unknown', '%s operation of %s runs on %s%s.' % (
            steps and 'More than one' or 'No', order.name, center.name,
            value.get('operation') and ' under the name %s' % value['operation'] or ''))
    if value['end'] < value['start']:
        refuse('value-invalid', 'The work ended (%s) before it began (%s).' % (value['end'], value['start']))
    setup = value.get('kind') == 'setup'
    plan['step'] = steps
    plan['vals'] = {
        'workorder_id': steps.id, 'workcenter_id': center.id, 'date_start': value['start'], 'date_end': value['end'],
        'loss_id': setup_loss().id if setup else loss_of('productive', False).id,
        'description': value.get('note') or '', 'company_id': company.id, 'user_id': env.uid,
    }


def setup_loss():
    losses = env['mrp.workcenter.productivity.loss']
    return losses.search([('name', 'ilike', 'setup'), ('loss_type', '=', 'availability')], limit=1) or loss_of('availability', False)


def apply_log_work_time(plans):
    times = env['mrp.workcenter.productivity'].create([plan['vals'] for plan in plans])
    for plan, time_row in zip(plans, times):
        if plan['value'].get('finish') and plan['step'].state not in ('done', 'cancel'):
            plan['step'].button_finish()
        settle(plan, time_row, 'work time %s' % time_row.id, {
            'workOrder': plan['step'].name, 'minutes': plan['step'].duration})


def plan_log_downtime(plan):
    value = plan['value']
    center = work_center_of(value['workCenter'])
    if value.get('end') and value['end'] < value['start']:
        refuse('value-invalid', 'The stop ended (%s) before it began (%s).' % (value['end'], value['start']))
    plan['lock'] = ('stop', center.id, value['start'])
    plan['open'] = env['mrp.workcenter.productivity'].search([
        ('workcenter_id', '=', center.id), ('date_start', '=', value['start']), ('date_end', '=', False),
        ('workorder_id', '=', False)], limit=1)
    plan['vals'] = {
        'workcenter_id': center.id, 'loss_id': loss_of(value['category'], value.get('reason')).id,
        'date_start': value['start'], 'description': value.get('note') or '', 'company_id': company.id, 'user_id': env.uid,
    }
    if value.get('end'):
        plan['vals']['date_end'] = value['end']


def apply_log_downtime(plans):
    fresh = []
    for plan in plans:
        if plan['open']:
            plan['open'].write(plan['vals'])
        else:
            fresh.append(plan)
    stops = env['mrp.workcenter.productivity'].create([plan['vals'] for plan in fresh])
    for plan, stop in zip(fresh, stops):
        plan['open'] = stop
    for plan in plans:
        settle(plan, plan['open'], 'stop %s' % plan['open'].id, {'open': not plan['open'].date_end})


PRIORITIES = {'low': '0', 'normal': '1', 'high': '2', 'urgent': '3'}


def plan_request_maintenance(plan):
    need_model('maintenance.request', 'maintenance')
    value = plan['value']
    vals = {
        'name': value['title'], 'maintenance_type': value.get('kind') or 'corrective',
        'priority': PRIORITIES[value.get('priority') or 'normal'], 'company_id': company.id,
    }
    if value.get('equipment'):
        vals['equipment_id'] = equipment_of(value['equipment']).id
    if value.get('scheduledFor'):
        vals['schedule_date'] = value['scheduledFor']
    if value.get('description'):
        vals['description'] = as_html(value['description'])
    if value.get('hours'):
        vals['duration'] = float(value['hours'])
    plan['vals'] = vals
    plan['standing'] = value.get('about') and request_about(value) or env['maintenance.request']
    if value.get('about'):
        plan['lock'] = ('request', value['about'])


def as_html(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('\n', '<br/>')


def request_about(value):
    # The request that stands for this thing; one that was closed stays the one, unless the thing can come again.
    found = record_about('requestMaintenance', 'maintenance.request', value['about'])
    if found and value.get('recurring') and found.stage_id.done:
        return env['maintenance.request']
    return found


def record_about(operation, model, about):
    row = env['x_lineshaft_operation'].search([
        ('x_operation', '=', operation), ('x_about', '=', about), ('x_model', '=', model), ('x_res_id', '>', 0)],
        limit=1, order='id desc')
    return env[model].with_context(active_test=False).browse(row.x_res_id).exists() if row else env[model]


def equipment_of(name):
    inside = [('company_id', 'in', [False, company.id])]
    found = env['maintenance.equipment'].search(inside + [('serial_no', '=', name)], limit=2)
    found = found or env['maintenance.equipment'].search(inside + [('name', '=', name)], limit=2)
    if len(found) != 1:
        refuse('equipment-unknown', '%s equipment has the serial number or name %s.' % (found and 'More than one' or 'No', name))
    return found


def apply_request_maintenance(plans):
    fresh = []
    for plan in plans:
        if not plan['standing'] and plan['value'].get('create') is not False:
            fresh.append(plan)
    requests = env['maintenance.request'].create([plan['vals'] for plan in fresh])
    for plan, made in zip(fresh, requests):
        plan['standing'] = made
    for plan in plans:
        request_now = plan['standing']
        if not request_now:
            settle(plan, request_now, 'no request to update', {'stage': False})
            continue
        if plan not in fresh:
            update_request(plan, request_now)
        if plan['value'].get('close') and not request_now.stage_id.done:
            request_now.write({'stage_id': done_stage().id})
        plan.update({'about': plan['value'].get('about') or None})
        settle(plan, request_now, 'maintenance request %s' % request_now.id, {'stage': request_now.stage_id.name or False, 'updated': plan not in fresh})


def update_request(plan, standing):
    # A person may have changed title, text and plan since; those stay.
    if plan['vals'].get('duration'):
        standing.write({'duration': plan['vals']['duration']})
    if plan['vals'].get('description'):
        standing.message_post(body=plan['value']['description'])


def done_stage():
    found = env['maintenance.stage'].search([('done', '=', True)], limit=1, order='sequence, id')
    if not found:
        refuse('not-completed', 'Odoo has no maintenance stage in which a request is done.')
    return found


# A reminder at a production order, in the list of things to do of its planner.


def plan_alert_planner(plan):
    value = plan['value']
    plan['order'] = any_order(value['order'])
    plan['user'] = value.get('planner') and user_of(value['planner']) or plan['order'].user_id or env.user
    plan['standing'] = record_about('alertPlanner', 'mail.activity', value['about'])
    plan['lock'] = ('alert', value['about'])


def user_of(login):
    found = env['res.users'].search([('login', '=', login)], limit=1)
    if not found:
        refuse('user-unknown', 'Odoo has no user %s.' % login)
    return found


def apply_alert_planner(plans):
    for plan in plans:
        value, standing = plan['value'], plan['standing']
        over = bool(value.get('over'))
        plan.update({'about': value['about']})
        if standing and 'active' in standing._fields and not standing.active:
            standing = env['mail.activity']
        if over and standing:
            number = standing.id
            standing.action_feedback(feedback=value['text'])
            settle(plan, env['mail.activity'].browse(number), 'alert %s is over' % number, {'order': plan['order'].name})
        elif over:
            settle(plan, env['mail.activity'], 'no alert to end', {'order': plan['order'].name})
        else:
            if standing:
                standing.write({'summary': value['title'], 'note': as_html(value['text'])})
            else:
                standing = plan['order'].activity_schedule(
                    'mail.mail_activity_data_warning', date_deadline=datetime.date.today(), summary=value['title'],
                    note=as_html(value['text']), user_id=plan['user'].id)
            settle(plan, standing, 'alert %s at %s' % (standing.id, plan['order'].name), {'order': plan['order'].name})
